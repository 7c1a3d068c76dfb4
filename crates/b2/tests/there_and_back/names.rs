//! Names that have been mistaken for something else before.

use b2::{Check, Source};

use crate::support::site::{BUCKET, Site};
use crate::support::ureq_transport::UreqTransport;
use crate::support::verdict::api;
use crate::support::{aside, soon};

macro_rules! names {
    ($($test:ident: $name:expr;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                soon(round($name)).await;
            }
        )*

        fn all() -> Vec<String> {
            vec![$(String::from($name)),*]
        }
    };
}

names! {
    spaces_are_kept: "a b  c/ d .txt";
    a_leading_and_a_trailing_space_are_kept: " both ends ";
    a_plus_is_no_space: "1+1=2";
    a_percent_sign_is_no_escape: "100%";
    an_escape_is_not_decoded: "%41%2F%2e%00";
    a_number_sign_begins_no_fragment: "a#b#c";
    a_question_mark_begins_no_query: "who?what=x";
    ampersands_and_equals_signs_are_kept: "a&b=c&&d";
    commas_and_semicolons_are_kept: "a,b;c";
    quotes_are_kept: "'single' \"double\" `back`";
    a_backslash_is_no_slash: "a\\b";
    colons_and_at_signs_are_kept: "mailto:user:pass@host:80";
    brackets_are_kept: "[a](b){c}<d>|e^f~";
    emoji_are_kept: "🦀/👩‍👩‍👧‍👦.png";
    combining_characters_are_not_composed: "e\u{301}";
    composed_characters_are_not_decomposed: "\u{e9}";
    characters_beyond_sixteen_bits_are_kept: "\u{10400}/\u{10ffff}";
    invisible_characters_are_kept: "\u{feff}a\u{200b}b\u{a0}c\u{85}d\u{2028}";
    text_from_right_to_left_is_kept: "שלום/مرحبا";
    a_dot_is_a_name: ".";
    two_dots_are_a_name: "..";
    dots_in_segments_are_no_steps: "a/./b/../c/...";
    leading_dots_lead_nowhere: "../../etc/passwd";
    a_trailing_dot_segment_is_kept: "a/b/..";
    a_name_like_an_api_path_is_a_name: "b2api/v4/b2_list_buckets?x";
    the_longest_ascii_name_is_kept: "n".repeat(1024);
    the_longest_name_of_two_byte_characters_is_kept: "ä".repeat(512);
    the_longest_name_of_three_byte_characters_is_kept: format!("{}x", "語".repeat(341));
    the_longest_name_of_four_byte_characters_is_kept: "𐐀".repeat(256);
    two_hundred_folders_are_kept: format!("{}file", "dir/".repeat(200));
    the_deepest_folders_are_kept: format!("{}ab", "d/".repeat(511));
}

/// One name through everything that can be done with it.
async fn round(name: impl Into<String>) {
    let name = &*name.into();
    let site = Site::start().await;
    let bucket = &site.bucket;
    let uploaded = bucket.upload(name, Source::bytes(name.to_owned())).await.unwrap().file;
    let id = uploaded.file_id.unwrap();
    assert_eq!(uploaded.file_name, name);
    assert_eq!(site.names().await, [name]);
    assert_eq!(site.versions().await, [name]);

    let head = bucket.head(name).await.unwrap();
    assert_eq!((&*head.file_name, &head.file_id), (name, &id));
    let back = bucket.download(name).to_bytes().await.unwrap();
    assert_eq!(back.content, name);
    assert_eq!((&*back.headers.file_name, back.check), (name, Check::ContentSha1));
    let by_id = bucket.download_version(id.clone()).to_bytes().await.unwrap();
    assert_eq!(by_id.headers, back.headers);

    let marker = bucket.hide(name).await.unwrap();
    assert_eq!(marker.file_name, name);
    assert_eq!(site.names().await, [""; 0]);
    assert_eq!(site.versions().await, [name, name]);
    let hidden = bucket.download(name).to_bytes().await.unwrap_err();
    assert_eq!(api(&hidden).status, 404);

    bucket.delete_version(name, marker.file_id.unwrap()).await.unwrap();
    assert_eq!(site.names().await, [name]);
    bucket.delete_version(name, id).await.unwrap();
    assert_eq!(site.versions().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_blocking_transport_keeps_all_names() {
    let site = Site::start().await;
    let (client, bucket) = (site.client.clone(), site.bucket.clone());
    let mut listed = aside(move || {
        let transport = UreqTransport::new();
        for name in all() {
            let source = Source::bytes(name.clone());
            bucket.upload(&name, source).run_blocking(&transport).unwrap();
            let head = bucket.head(&name).run_blocking(&transport).unwrap();
            assert_eq!(head.file_name, name);
            let download = client.download(BUCKET, &name).to_bytes();
            assert_eq!(download.run_blocking(&transport).unwrap().content, name);
        }
        let mut files = bucket.files().with_page(7).stream();
        let next = std::iter::from_fn(|| files.next_blocking(&transport));
        next.map(|file| file.unwrap().file_name).collect::<Vec<_>>()
    })
    .await;
    let mut wanted = all();
    wanted.sort();
    assert_eq!(listed, wanted, "in the order of their bytes");
    listed.dedup();
    assert_eq!(listed.len(), wanted.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_look_alike_are_different_files() {
    let site = Site::start().await;
    let alike = ["\u{e9}", "e\u{301}", "E", "e", "a b", "a+b", "a%20b", "a%2Bb", "Å", "\u{212b}"];
    for name in alike {
        site.bucket.upload(name, Source::bytes(name)).await.unwrap();
    }
    for name in alike {
        let back = site.bucket.download(name).to_bytes().await.unwrap();
        assert_eq!(back.content, name);
    }
    assert_eq!(site.names().await.len(), alike.len());
}
