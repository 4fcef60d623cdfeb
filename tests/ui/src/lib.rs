//! trybuild needs a library to enable the features of this package in each case.
