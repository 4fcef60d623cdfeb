//! Prints the public API that the rustdoc JSON file in the first argument describes, one
//! item per line.
#![forbid(unsafe_code)]

use std::error::Error;

use public_api::Builder;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: reattempt-api FILE")?;
    let api = Builder::from_rustdoc_json(path)
        .omit_auto_derived_impls(true)
        .omit_auto_trait_impls(true)
        .omit_blanket_impls(true)
        .build()?;
    // The crate root re-exports the prelude, so its items are printed once.
    let mut is_prelude = false;
    for item in api.items() {
        let line = item.to_string();
        let is_module = line.starts_with("pub mod ");
        if is_module || !is_prelude {
            println!("{line}");
        }
        if is_module {
            is_prelude = line.ends_with("::prelude");
        }
    }
    Ok(())
}
