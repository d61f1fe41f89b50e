//! The least that a program does to refresh a token: one POST by TLS, with the system's certificates, of a form that is at
//! hand. `bare_post URL FORM`; fails where the answer is not 200.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a yardstick, not a program")]

fn main() {
    let [url, form]: [String; 2] = std::env::args().skip(1).collect::<Vec<_>>().try_into().unwrap();
    let form = std::fs::read(form).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let post = client.post(url).header("content-type", "application/x-www-form-urlencoded");
        let answer = post.body(form).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap()
    });
    println!("{}", answer.len());
}
