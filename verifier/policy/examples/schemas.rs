//! Writes the published schemas once more in Cedar's JSON, the form that [`cloister_policy`] loads:
//! `cargo run -p cloister-policy --example schemas`.

#![expect(
    clippy::disallowed_methods,
    reason = "reads and writes files of the source tree; the crate beside it does not"
)]

use std::error::Error;
use std::fs;
use std::path::Path;

use cedar_policy::SchemaFragment;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["schema", "visitor"] {
        let text = fs::read_to_string(folder.join(name).with_extension("cedarschema"))?;
        let (fragment, _warnings) = SchemaFragment::from_cedarschema_str(&text)?;
        let json = serde_json::to_string(&fragment.to_json_value()?)?;
        fs::write(folder.join(name).with_extension("json"), json + "\n")?;
    }
    Ok(())
}
