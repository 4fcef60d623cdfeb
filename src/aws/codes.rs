//! The error codes by which AWS's services say that they throttle.

/// Whether a code means throttling, whatever the status. Case counts.
///
/// The first group is the list of AWS's own SDKs, the second holds what some
/// services send as a 400 beyond it.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "BandwidthLimitExceeded"
            | "EC2ThrottledException"
            | "LimitExceededException"
            | "PriorRequestNotComplete"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "SlowDown"
            | "ThrottledException"
            | "Throttling"
            | "ThrottlingException"
            | "TooManyRequestsException"
            | "TransactionInProgressException"
    ) || matches!(
        code,
        "DependencyThrottle"
            | "DependentServiceRequestThrottlingFault"
            | "KMSThrottling"
            | "KMSThrottlingException"
            | "KMSThrottlingFault"
            | "KmsThrottled"
            | "KmsThrottlingException"
            | "LambdaThrottledException"
            | "SlowDownException"
            | "ThrottledClientException"
    )
}
