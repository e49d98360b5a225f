//! Makes one photograph of /input smaller and leaves it in /output; `images draw COUNT` draws the
//! photographs first.

mod share;

use std::fs;
use std::path::Path;

use images::{made_smaller, photograph};
use jobling_sdk::{Failure, Task};

#[jobling_sdk::task]
fn main(task: Task) -> jobling_sdk::Result {
    let input = task.volume("/input")?;
    let pod = task.pod().ok_or_else(|| Failure::fatal("the pod has no name"))?;
    if task.args().first().is_some_and(|word| word == "draw") {
        return draw(&task, input.path(), &pod);
    }
    let output = task.volume("/output")?;
    let photographs = share::files(input.path(), "jpg")?;
    let result = |photograph: &str| output.file(photograph).with_extension("png");
    let Some(name) = share::take(&photographs, output.path(), &pod, |name| result(name).exists())?
    else {
        println!("every photograph is made smaller");
        return Ok(());
    };
    let png = made_smaller(&fs::read(input.file(&name))?)?;
    share::keep(&result(&name), &pod, &png)?;
    let told = format!("{name} is made smaller: {} bytes", png.len());
    println!("{told}");
    task.conclude(&told);
    Ok(())
}

/// Draws the photographs that nobody else draws.
fn draw(task: &Task, input: &Path, pod: &str) -> jobling_sdk::Result {
    let count: u32 = task.arg(2)?;
    let names: Vec<String> =
        (0..count).map(|number| format!("photograph-{number:03}.jpg")).collect();
    let is_there = |name: &str| input.join(name).exists();
    let mut drawn = 0;
    while let Some(name) = share::take(&names, input, pod, is_there)? {
        let number = names.iter().position(|known| *known == name).unwrap_or_default();
        share::keep(&input.join(&name), pod, &photograph(u32::try_from(number)?)?)?;
        drawn += 1;
        task.progress(drawn, u64::from(count), "photographs drawn");
    }
    Ok(())
}
