//! Usage: `reattempt-wasm-bindgen MODULE FOLDER`. Writes the JavaScript that loads MODULE, a
//! `.wasm` file, into FOLDER.

use std::env;
use std::error::Error;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [module, folder] = arguments.as_slice() else {
        return Err("expected a module and a folder".into());
    };
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .nodejs(true)?
        .typescript(false)
        .generate(folder)?;
    Ok(())
}
