//! Requests from strangers: any method, target, headers and body.
//!
//! The first line of the input is `METHOD TARGET`, the following ones are
//! headers up to an empty line, the rest is the body. `TOKEN` stands for the
//! token of somebody who is logged in, `WHOLE_URL` and `WHOLE_KEY` for where a
//! file can be uploaded, `PART_URL` and `PART_KEY` for a part.

#![no_main]

#[path = "scene.rs"]
mod scene;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use scene::Scene;

fuzz_target!(|data: &[u8]| {
    let mut scene = Scene::new();
    if let Some(request) = parse(data, &scene) {
        scene.play(request);
    }
});

fn parse(data: &[u8], scene: &Scene) -> Option<http::Request<Bytes>> {
    let end = data.windows(2).position(|two| two == b"\n\n")?;
    let mut lines = data[..end].split(|byte| *byte == b'\n');
    let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
    let mut request = http::Request::builder().method(first.next()?);
    request = request.uri(&*scene.fill(first.next()?));
    for line in lines {
        let mut pair = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (pair.next()?, pair.next()?);
        request = request.header(name, &*scene.fill(value.trim_ascii()));
    }
    request.body(Bytes::copy_from_slice(&data[end + 2..])).ok()
}
