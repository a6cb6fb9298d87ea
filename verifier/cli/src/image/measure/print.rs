//! Predictions for people and for programs.

use std::collections::BTreeSet;

use cloister_image::folder::Description;
use cloister_image::measure::{Prediction, Value};
use serde_json::{Value as Json, json};

use super::publish::Published;
use crate::answer::{Answer, Exit};
use crate::text::{indented, table};

/// Hex digits of a value that a table shows; `--json` has all of them.
const DIGITS_SHOWN: usize = 32;

/// What holds for every prediction.
const COMPUTED: &str = "Computed, not measured: the calculators are held to recorded evidence and \
                        to independent tools, not to this image on this hardware.";

pub(super) fn answer(
    image: &Description,
    predictions: &[Prediction],
    published: Option<&Published>,
) -> Answer {
    let rows = predictions.iter().flat_map(|it| it.values.iter().map(|value| row(it, value)));
    let mut text = table(["SHAPE", "REGISTER", "VALUE"], rows);
    let notes: BTreeSet<&str> = predictions.iter().flat_map(|it| &it.notes).copied().collect();
    for note in notes.into_iter().chain([COMPUTED]) {
        text.push_str(&format!("note: {}\n", indented(note, 6)));
    }
    if let Some(Published { path, rim }) = published {
        let (tuples, until) = (rim.values.shapes.len(), rim.validity.not_after);
        let told = format!("wrote {}: {tuples} tuples, until {until}", path.display());
        text.push_str(&format!("{}\n", indented(&told, 0)));
    }
    let json = json!({
        "image": image.name,
        "version": image.version,
        "manifest": image.manifest.sha384,
        "predictions": predictions.iter().map(prediction).collect::<Vec<_>>(),
        "notes": [COMPUTED],
        "corim": published.map(corim),
    });
    Answer { exit: Exit::Acceptable, text, json }
}

fn row(prediction: &Prediction, value: &Value) -> [String; 3] {
    let digits = value.hex.chars().take(DIGITS_SHOWN).collect();
    [prediction.shape.clone(), value.register.to_owned(), digits]
}

fn prediction(prediction: &Prediction) -> Json {
    let values = prediction.values.iter().map(|it| (it.register.to_owned(), it.hex.clone().into()));
    json!({
        "shape": prediction.shape,
        "values": Json::Object(values.collect()),
        "tuple": prediction.tuple,
        "notes": prediction.notes,
    })
}

fn corim(Published { path, rim }: &Published) -> Json {
    json!({
        "file": path.display().to_string(),
        "tuples": rim.values.shapes.len(),
        "revision": rim.revision,
        "supersedes": rim.replaces,
        "valid_from": rim.validity.not_before.map(|at| at.to_string()),
        "valid_until": rim.validity.not_after.to_string(),
    })
}
