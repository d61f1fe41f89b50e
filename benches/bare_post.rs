//! The least that a program does to refresh a token: one POST by TLS, with the system's certificates and one more trusted,
//! of a form that is at hand. `bare_post URL CERTIFICATE FORM`; fails where the answer is not 200.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a yardstick, not a program")]

fn main() {
    let [url, certificate, form]: [String; 3] =
        std::env::args().skip(1).collect::<Vec<_>>().try_into().unwrap();
    let pem = std::fs::read(certificate).unwrap();
    let form = std::fs::read(form).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(async {
        let client = reqwest::Client::builder()
            .tls_certs_merge([reqwest::Certificate::from_pem(&pem).unwrap()])
            .no_proxy()
            .build()
            .unwrap();
        let post = client.post(url).header("content-type", "application/x-www-form-urlencoded");
        let answer = post.body(form).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap()
    });
    println!("{}", answer.len());
}
