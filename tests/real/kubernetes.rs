//! Clients of Kubernetes, who run us to sign in.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::consumers::Home;
use crate::http;
use crate::program::{ENTRADA, Emulation, run};

/// What the recipe has for `users:`, but for the profile and the scope, which are the reader's own.
fn users() -> String {
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recipes/other-programs.md");
    let recipe = fs::read_to_string(recipe).unwrap();
    let block = recipe.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let theirs =
        "token, work, -o, exec-credential, --scope, 6dae42f8-4368-4678-94ff-3960e28e3630/.default";
    let block = block.filter(|block| block.contains(theirs)).expect("the snippet for kubectl");
    block.replace(theirs, "token, -o, exec-credential")
}

/// `program` with a cluster at `server`, whose users are `users`.
fn with_cluster(mut program: Command, home: &Home, server: &str, users: &str) -> Command {
    let path = home.folder.path().join("kubeconfig");
    let config = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters:\n- name: c\n  cluster: {{ {server} }}\n\
         contexts:\n- name: c\n  context: {{ cluster: c, user: work }}\n{users}"
    );
    fs::write(&path, config).unwrap();
    program.env("KUBECONFIG", path);
    program
}

#[test]
fn kubernetes_own_python_client_shows_the_token() {
    let seen = Arc::<Mutex<Vec<http::Request>>>::default();
    let heard = Arc::clone(&seen);
    let server = http::serve(move |request| {
        heard.lock().unwrap().push(request);
        let pods =
            json!([{ "metadata": { "name": "web-0" } }, { "metadata": { "name": "web-1" } }]);
        (200, json!({ "kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": pods }))
    });
    let home = Home::new();
    let server = format!("server: \"{server}\"");
    let list = || {
        let python = home.python("kubernetes_pods.py");
        run(&mut with_cluster(python, &home, &server, &users())).with(0).out
    };
    assert_eq!(list(), "web-0\nweb-1\n");
    assert_eq!(list(), "web-0\nweb-1\n");
    let bearer = format!("Bearer {}", home.printed(&[]));
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    for request in &*seen {
        assert!(
            request.line.starts_with("GET /api/v1/namespaces/default/pods"),
            "{}",
            request.line
        );
        assert!(request.header("authorization") == Some(&bearer), "the stored token, each time");
    }
}

/// A cluster at the emulator, which lets nobody in without a good token. By https, for over http kubectl shows none.
#[test]
fn kubectl_is_let_in_with_the_token() {
    let (home, trust) = Home::by_https();
    let server = format!("server: \"{}\", certificate-authority: ca.pem", home.emulation.base);
    // Debian's kubectl knows no version but this; newer ones still do.
    let users = users()
        .replace("client.authentication.k8s.io/v1\n", "client.authentication.k8s.io/v1beta1\n");
    assert!(users.contains("v1beta1"), "{users}");
    let get = || {
        let mut kubectl = home.command("kubectl");
        kubectl.args(["get", "--raw", "/v1.0/me/messages"]).env("SSL_CERT_FILE", &trust);
        run(&mut with_cluster(kubectl, &home, &server, &users))
    };
    let refused = get();
    assert!(refused.code != Some(0) && refused.err.contains("entrada login"), "{refused:#?}");
    run(home.command(ENTRADA).arg("login").env("SSL_CERT_FILE", &trust)).with(0);
    let refreshes = home.emulation.posts("refresh_token");
    let let_in = get().with(0);
    assert!(let_in.out.contains("Notes on the Analytical Engine"), "{let_in:#?}");
    assert_eq!(home.emulation.posts("refresh_token"), refreshes, "the stored token");
}

#[test]
fn a_cluster_that_nobody_signed_in_to_is_told_no_token() {
    let seen = Arc::<Mutex<usize>>::default();
    let heard = Arc::clone(&seen);
    let server = http::serve(move |request| {
        *heard.lock().unwrap() += usize::from(request.header("authorization").is_some());
        (401, json!({ "kind": "Status", "status": "Failure", "code": 401 }))
    });
    let home = Home::empty(Emulation::new("auto-approve"));
    let python = home.python("kubernetes_pods.py");
    let server = format!("server: \"{server}\"");
    let ended = run(&mut with_cluster(python, &home, &server, &users()));
    assert!(ended.code != Some(0) && ended.err.contains("entrada login"), "{ended:#?}");
    assert_eq!(*seen.lock().unwrap(), 0);
}
