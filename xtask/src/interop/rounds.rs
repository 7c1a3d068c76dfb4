//! What is done with the tools.

use std::fs;

use super::sample::{self, Sample};
use super::score::Score;
use super::tool::{Entry, Historian, Tool};
use super::workshop::Workshop;
use crate::failure::Failure;

/// A tool alone: a bucket and every sample, made, listed, fetched and deleted.
pub(crate) fn there_and_back(
    workshop: &Workshop,
    tool: &dyn Tool,
    score: &mut Score,
) -> Result<(), Failure> {
    let bucket = bucket_of(tool, "alone");
    let samples = sample::all(workshop)?;
    tool.authorize()?;
    make_bucket(tool, &bucket, score)?;
    for sample in &samples {
        tool.upload(&bucket, &sample.path, &sample.name)?;
    }
    compare_listing(tool, &bucket, &samples, score)?;
    for sample in &samples {
        compare_download(workshop, tool, &bucket, sample, score)?;
    }
    for sample in &samples {
        tool.delete(&bucket, &sample.name)?;
    }
    compare_listing(tool, &bucket, &[], score)?;
    drop_bucket(tool, &bucket, score)
}

/// Versions of one file: two uploads, a marker on top, and all of it gone again.
pub(crate) fn history(
    workshop: &Workshop,
    tool: &dyn Historian,
    score: &mut Score,
) -> Result<(), Failure> {
    let bucket = bucket_of(tool, "history");
    let (old, new) = (sample::one(workshop, "diary", 10)?, sample::one(workshop, "diary", 20)?);
    make_bucket(tool, &bucket, score)?;
    tool.upload(&bucket, &old.path, &old.name)?;
    tool.upload_with_info(&bucket, &new.path, &new.name, ("color", "dark blue & 100%"))?;
    let info = tool.info(&bucket, &new.name)?;
    let color = info.get("color").cloned();
    score.same(tool.name(), "file information", &color, &Some("dark blue & 100%".to_owned()));
    compare_download(workshop, tool, &bucket, &new, score)?;
    tool.hide(&bucket, &new.name)?;
    compare_listing(tool, &bucket, &[], score)?;
    let wanted = [("hide", 0), ("upload", 20), ("upload", 10)];
    let wanted: Vec<_> = wanted.map(|(action, size)| (action.to_owned(), size)).into();
    score.same(tool.name(), "versions", &tool.versions(&bucket)?, &wanted);
    tool.delete_versions(&bucket, &new.name)?;
    score.same(tool.name(), "no versions", &tool.versions(&bucket)?, &Vec::new());
    drop_bucket(tool, &bucket, score)
}

/// One bucket for all: every tool uploads its own files, and each finds and fetches all of them.
pub(crate) fn crosswise(
    workshop: &Workshop,
    tools: &[&dyn Tool],
    score: &mut Score,
) -> Result<(), Failure> {
    let Some((host, _)) = tools.split_first() else { return Ok(()) };
    let bucket = bucket_of(*host, "shared");
    make_bucket(*host, &bucket, score)?;
    let mut samples = Vec::new();
    for tool in tools {
        for mut sample in sample::all(workshop)? {
            sample.name = format!("from {}/{}", tool.name(), sample.name);
            tool.upload(&bucket, &sample.path, &sample.name)?;
            samples.push(sample);
        }
    }
    for tool in tools {
        compare_listing(*tool, &bucket, &samples, score)?;
        for sample in &samples {
            compare_download(workshop, *tool, &bucket, sample, score)?;
        }
    }
    // Everyone deletes what its neighbour made.
    for (index, sample) in samples.iter().enumerate() {
        tools[(index + 1) % tools.len()].delete(&bucket, &sample.name)?;
    }
    compare_listing(*host, &bucket, &[], score)?;
    drop_bucket(*host, &bucket, score)
}

/// Bucket names have no spaces.
fn bucket_of(tool: &dyn Tool, round: &str) -> String {
    format!("{}-{round}", tool.name().replace(' ', "-"))
}

fn make_bucket(tool: &dyn Tool, bucket: &str, score: &mut Score) -> Result<(), Failure> {
    tool.create_bucket(bucket)?;
    let listed = tool.buckets()?.iter().any(|name| name == bucket);
    score.same(tool.name(), "a new bucket is listed", &listed, &true);
    Ok(())
}

fn drop_bucket(tool: &dyn Tool, bucket: &str, score: &mut Score) -> Result<(), Failure> {
    tool.delete_bucket(bucket)?;
    let listed = tool.buckets()?.iter().any(|name| name == bucket);
    score.same(tool.name(), "a deleted bucket is listed", &listed, &false);
    Ok(())
}

fn compare_listing(
    tool: &dyn Tool,
    bucket: &str,
    samples: &[Sample],
    score: &mut Score,
) -> Result<(), Failure> {
    let size = |sample: &Sample| sample.content.len() as u64;
    let entry = |sample: &Sample| Entry { name: sample.name.clone(), size: size(sample) };
    let mut wanted: Vec<Entry> = samples.iter().map(entry).collect();
    wanted.sort();
    let mut found = tool.list(bucket)?;
    found.sort();
    score.same(tool.name(), "the listing", &found, &wanted);
    Ok(())
}

fn compare_download(
    workshop: &Workshop,
    tool: &dyn Tool,
    bucket: &str,
    sample: &Sample,
    score: &mut Score,
) -> Result<(), Failure> {
    let back = workshop.file("back")?;
    // Not every tool replaces a file.
    if back.exists() {
        fs::remove_file(&back).map_err(|source| Failure::io(&back, source))?;
    }
    tool.download(bucket, &sample.name, &back)?;
    let content = fs::read(&back).map_err(|source| Failure::io(&back, source))?;
    score.same_bytes(tool.name(), &sample.name, &content, &sample.content);
    Ok(())
}
