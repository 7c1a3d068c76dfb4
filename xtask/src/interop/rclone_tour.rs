//! rclone alone, with everything that it makes of B2.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::emulator::Emulator;
use super::rclone::Rclone;
use super::sample;
use super::score::Score;
use super::workshop::Workshop;
use crate::failure::Failure;

const NAME: &str = "rclone";
const BUCKET: &str = "rclone-tour";
const KEEPING: &str = "--b2-hard-delete=false";

/// What all stations need.
pub(crate) struct Tour<'t> {
    pub(crate) workshop: &'t Workshop,
    pub(crate) rclone: &'t Rclone,
    pub(crate) emulator: &'t Emulator,
    pub(crate) score: &'t mut Score,
}

type Tree = BTreeMap<String, Vec<u8>>;

impl Tour<'_> {
    /// From an empty account to an empty account.
    pub(crate) fn run(&mut self) -> Result<(), Failure> {
        self.act(&["mkdir", &format!("emulator:{BUCKET}")])?;
        let tree = self.copies()?;
        self.syncs(tree)?;
        self.moves()?;
        self.parts()?;
        self.versions()?;
        self.lifecycle()?;
        self.links()?;
        self.act(&["purge", &format!("emulator:{BUCKET}")])?;
        let buckets = self.lines(&["lsf", "emulator:"])?;
        self.same("purged", &buckets.iter().any(|name| name.contains(BUCKET)), &false);
        Ok(())
    }

    /// A tree goes up, is checked by rclone both ways, and comes back.
    fn copies(&mut self) -> Result<Tree, Failure> {
        let tree: Tree = [
            ("one.txt", 3),
            ("deep/er/two.bin", 70_000),
            ("deep/empty", 0),
            ("grüße 🦀/a+b%20c.bin", 1_000_000),
            ("punctuation/~;,=@&'.txt", 1),
        ]
        .into_iter()
        .map(|(name, size)| (name.to_owned(), sample::noise(size as u64 + 1, size)))
        .collect();
        let folder = self.write("tree", &tree)?;
        self.act(&["copy", &folder, &remote("copy")])?;
        self.compare_listing("copied", "copy", &tree)?;
        self.act(&["check", &folder, &remote("copy")])?;
        self.act(&["check", "--download", &folder, &remote("copy")])?;
        self.compare_back("copied back", "copy", &tree)?;
        let sums = |lines: Vec<String>| {
            let mut lines = lines;
            lines.sort();
            lines
        };
        let (there, here) =
            (self.lines(&["sha1sum", &remote("copy")])?, self.lines(&["sha1sum", &folder])?);
        self.same("SHA-1 of all", &sums(there), &sums(here));
        let times = |rows: &[serde_json::Value]| -> BTreeMap<String, String> {
            let text = |row: &serde_json::Value, name: &str| row[name].as_str().map(str::to_owned);
            let second = |time: String| time.get(..19).unwrap_or_default().to_owned();
            rows.iter()
                .filter_map(|row| Some((text(row, "Path")?, second(text(row, "ModTime")?))))
                .collect()
        };
        let list = |path: &str| self.rclone.bench.values(&["lsjson", "-R", "--files-only", path]);
        let (there, here) = (times(&list(&remote("copy"))?), times(&list(&folder)?));
        self.same("times of all", &there, &here);
        Ok(tree)
    }

    /// One file changes, one goes, one comes.
    fn syncs(&mut self, mut tree: Tree) -> Result<(), Failure> {
        tree.remove("one.txt");
        tree.insert("deep/er/two.bin".to_owned(), sample::noise(99, 70_001));
        tree.insert("new.txt".to_owned(), b"new".to_vec());
        let folder = self.write("tree2", &tree)?;
        self.act(&["sync", &folder, &remote("copy")])?;
        self.compare_listing("synced", "copy", &tree)?;
        self.compare_back("synced back", "copy", &tree)?;
        self.act(&["check", &folder, &remote("copy")])?;
        let differs = self.rclone.bench.act(&["check", &folder, &remote("nothing")]).is_err();
        self.same("check notices a difference", &differs, &true);
        Ok(())
    }

    /// Copies and moves on the server.
    fn moves(&mut self) -> Result<(), Failure> {
        let content = sample::noise(5, 200_000);
        let tree = Tree::from([("a.bin".to_owned(), content.clone())]);
        let folder = self.write("moving", &tree)?;
        self.act(&["copy", &folder, &remote("from")])?;
        self.act(&["copyto", &remote("from/a.bin"), &remote("copied/b.bin")])?;
        self.compare_back(
            "copied on the server",
            "copied",
            &Tree::from([("b.bin".to_owned(), content.clone())]),
        )?;
        self.act(&["moveto", &remote("from/a.bin"), &remote("to/c d.bin")])?;
        self.compare_listing("moved away", "from", &Tree::new())?;
        let moved = Tree::from([("c d.bin".to_owned(), content.clone())]);
        self.compare_back("moved there", "to", &moved)?;
        self.act(&["move", &remote("to"), &remote("further")])?;
        self.compare_back("moved as a folder", "further", &moved)?;
        let slice = self.rclone.bench.bytes(&[
            "cat",
            "--offset",
            "1000",
            "--count",
            "500",
            &remote("further/c d.bin"),
        ])?;
        self.score.same_bytes(NAME, "a range", &slice, &content[1000..1500]);
        Ok(())
    }

    /// Several parts, and a copy of them on the server.
    fn parts(&mut self) -> Result<(), Failure> {
        let tree = Tree::from([("big.bin".to_owned(), sample::noise(6, 17_000_003))]);
        let folder = self.write("big", &tree)?;
        let chunks =
            ["--b2-upload-cutoff", "5M", "--b2-chunk-size", "5M", "--b2-copy-cutoff", "6M"];
        self.act(&[&["copy", &folder, &remote("parts")][..], &chunks].concat())?;
        self.compare_back("in parts", "parts", &tree)?;
        self.act(&["check", &folder, &remote("parts")])?;
        self.act(&[&["copy", &remote("parts"), &remote("parts2")][..], &chunks].concat())?;
        self.compare_back("copied in parts", "parts2", &tree)
    }

    /// Old versions, markers, cleaning up, and deleting for good.
    fn versions(&mut self) -> Result<(), Failure> {
        let mut olds = Vec::new();
        for round in 1..=3_u8 {
            let content = sample::noise(u64::from(round) + 40, 1000 + usize::from(round));
            let folder = self.write(
                &format!("v{round}"),
                &Tree::from([("v.txt".to_owned(), content.clone())]),
            )?;
            self.act(&["copyto", KEEPING, &format!("{folder}/v.txt"), &remote("versions/v.txt")])?;
            olds.push(content);
        }
        let all = self.lines(&["lsf", "--b2-versions", &remote("versions")])?;
        self.same("versions", &all.len(), &3);
        let mut contents = Vec::new();
        for name in &all {
            contents.push(self.rclone.bench.bytes(&[
                "cat",
                "--b2-versions",
                &remote(&format!("versions/{name}")),
            ])?);
        }
        contents.sort();
        olds.sort();
        self.same("the bytes of every version", &(contents == olds), &true);
        self.act(&["deletefile", KEEPING, &remote("versions/v.txt")])?;
        self.compare_listing("hidden", "versions", &Tree::new())?;
        let all = self.lines(&["lsf", "--b2-versions", &remote("versions")])?;
        self.same("versions under a marker", &all.len(), &3);
        self.act(&["cleanup", &format!("emulator:{BUCKET}")])?;
        let all = self.lines(&["lsf", "--b2-versions", &remote("versions")])?;
        self.same("cleaned up", &all, &Vec::new());
        self.compare_listing_count("and nothing else", "parts", 1)?;

        let folder = self.write("hard", &Tree::from([("h.txt".to_owned(), b"x".to_vec())]))?;
        self.act(&["copy", &folder, &remote("hard")])?;
        self.act(&["deletefile", "--b2-hard-delete", &remote("hard/h.txt")])?;
        let all = self.lines(&["lsf", "--b2-versions", &remote("hard")])?;
        self.same("deleted for good", &all, &Vec::new());
        Ok(())
    }

    /// What the bucket's rules take away in time, rclone does not see any more.
    fn lifecycle(&mut self) -> Result<(), Failure> {
        let folder = self.write("cycle", &Tree::from([("c.txt".to_owned(), b"old".to_vec())]))?;
        self.act(&["copy", &folder, &remote("cycle")])?;
        self.emulator.set_lifecycle(BUCKET, "cycle/")?;
        self.compare_listing_count("before its day", "cycle", 1)?;
        self.emulator.advance_days(2)?;
        self.compare_listing("hidden by its rule", "cycle", &Tree::new())?;
        let all = self.lines(&["lsf", "--b2-versions", &remote("cycle")])?;
        self.same("and still there as a version", &all.len(), &1);
        self.emulator.advance_days(2)?;
        let all = self.lines(&["lsf", "--b2-versions", &remote("cycle")])?;
        self.same("deleted by its rule", &all, &Vec::new());
        self.emulator.advance_days(-4)
    }

    /// A link that needs no key.
    fn links(&mut self) -> Result<(), Failure> {
        let content = sample::noise(8, 5000);
        let tree = Tree::from([("shared file.bin".to_owned(), content.clone())]);
        let folder = self.write("links", &tree)?;
        self.act(&["copy", &folder, &remote("links")])?;
        let link = self.lines(&["link", "--expire", "1h", &remote("links/shared file.bin")])?;
        let link = link.first().cloned().unwrap_or_default();
        self.same("the link has a token", &link.contains("?Authorization="), &true);
        let to = self.workshop.file("from-link")?;
        self.act(&["copyurl", &link, &to.to_string_lossy()])?;
        let back = fs::read(&to).map_err(|source| Failure::io(&to, source))?;
        self.score.same_bytes(NAME, "through a link", &back, &content);
        let bare = link.split('?').next().unwrap_or_default();
        let refused = self.rclone.bench.act(&["copyurl", bare, &to.to_string_lossy()]).is_err();
        self.same("no link without its token", &refused, &true);
        Ok(())
    }

    fn act(&self, args: &[&str]) -> Result<(), Failure> {
        self.rclone.bench.act(args)
    }

    fn lines(&self, args: &[&str]) -> Result<Vec<String>, Failure> {
        let said = self.rclone.bench.bytes(args)?;
        Ok(String::from_utf8_lossy(&said).lines().map(str::to_owned).collect())
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, wanted: &T) {
        self.score.same(NAME, what, found, wanted);
    }

    /// Writes a tree to the workshop, in the place of an older one.
    fn write(&self, name: &str, tree: &Tree) -> Result<String, Failure> {
        let folder = self.workshop.file(name)?;
        for (name, content) in tree {
            let path = folder.join(name);
            let around = path.parent().unwrap_or(&folder);
            fs::create_dir_all(around).map_err(|source| Failure::io(around, source))?;
            fs::write(&path, content).map_err(|source| Failure::io(&path, source))?;
        }
        Ok(folder.to_string_lossy().into_owned())
    }

    fn compare_listing(&mut self, what: &str, folder: &str, tree: &Tree) -> Result<(), Failure> {
        let mut found = self.lines(&["lsf", "-R", "--files-only", &remote(folder)])?;
        found.sort();
        let wanted: Vec<String> = tree.keys().cloned().collect();
        self.same(what, &found, &wanted);
        Ok(())
    }

    fn compare_listing_count(
        &mut self,
        what: &str,
        folder: &str,
        count: usize,
    ) -> Result<(), Failure> {
        let found = self.lines(&["lsf", "-R", "--files-only", &remote(folder)])?;
        self.same(what, &found.len(), &count);
        Ok(())
    }

    /// Fetches a folder and compares every byte of it.
    fn compare_back(&mut self, what: &str, folder: &str, tree: &Tree) -> Result<(), Failure> {
        let to: PathBuf = self.workshop.file(&format!("back-{folder}"))?;
        if to.exists() {
            fs::remove_dir_all(&to).map_err(|source| Failure::io(&to, source))?;
        }
        self.act(&["copy", &remote(folder), &to.to_string_lossy()])?;
        for (name, content) in tree {
            let path = to.join(name);
            let found = fs::read(&path).map_err(|source| Failure::io(&path, source))?;
            self.score.same_bytes(NAME, &format!("{what}: {name}"), &found, content);
        }
        Ok(())
    }
}

fn remote(path: &str) -> String {
    format!("emulator:{BUCKET}/{path}")
}
