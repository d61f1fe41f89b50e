use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::flow::{Prompt, SignInAddress, Source, TokenRequest};
use crate::store::{self, Backend, Bytes, StoreError, StoreErrorKind, StoreKey, StoreKind};
use crate::sys::{Env, Http, HttpError, HttpRequest, HttpResponse, RealHttp};
use entrada_core::oauth::device_code::DeviceAuthorization;
use entrada_core::{Account, ClaimsRequest, NumericDate, Secret};
use entrada_emulator::{Emulator, RunningEmulator};

const SCOPE: &str = "https://graph.microsoft.com/Mail.Read";

/// A prompt that records its calls.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Prompt for Notes {
    fn show_code(&mut self, authorization: &DeviceAuthorization, _: &TokenRequest) {
        self.add(authorization.user_code.clone());
    }

    fn show_page(&mut self, _: &SignInAddress<'_>) {}

    fn warn(&mut self, message: &str) {
        self.add(message.to_owned());
    }
}

/// A client that opens no browser.
fn builder(entra: &RunningEmulator) -> ClientBuilder {
    Client::builder()
        .authority(entra.authority())
        .tenant(entra.tenant())
        .client_id(entra.client_id())
        .scope(SCOPE)
        .flow(crate::flow::FlowKind::Device)
        .store(StoreKind::Memory)
        .prompt(Notes::default())
}

#[test]
fn tokens_come_from_a_sign_in_then_the_store_then_a_refresh() {
    let entra = Emulator::start().unwrap();
    let notes = Notes::default();
    let client = builder(&entra).prompt(notes.clone()).build().unwrap();
    let first = client.token().unwrap();
    assert_eq!((first.source(), first.account().label()), (Source::SignIn, "ada@contoso.example"));
    assert!(first.scopes().contains(SCOPE) && first.can_be_refreshed());
    assert_eq!(notes.all().len(), 1, "one code was shown");
    let second = client.token().unwrap();
    assert_eq!((second.source(), second.secret()), (Source::Cache, first.secret()));
    let challenge = ClaimsRequest::parse(r#"{"access_token":{"acrs":{"value":"c1"}}}"#).unwrap();
    assert_eq!(client.answer_challenge(challenge).unwrap().source(), Source::Refresh);
    let second = client.token().unwrap();
    client.forget_token(&second).unwrap();
    let third = client.token().unwrap();
    assert_eq!(third.source(), Source::Refresh);
    assert_ne!(third.secret(), first.secret());
    assert!(!format!("{client:?} {third:?}").contains(third.secret()));
}

#[test]
fn signing_out_removes_the_grant_and_a_client_without_interaction_does_not_ask() {
    let entra = Emulator::start().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let key = || StoreKey::Raw(Secret::new("11".repeat(32)));
    let build = |interactive| {
        let builder = builder(&entra).store(StoreKind::File).store_key(key());
        builder.state_dir(dir.path()).interactive(interactive).build().unwrap()
    };
    let silent = build(false);
    assert!(matches!(silent.token(), Err(AcquireError::SignInNeeded { .. })));
    assert!(entra.log().is_empty(), "nothing was sent");
    build(true).sign_in().unwrap();
    assert_eq!(silent.token().unwrap().source(), Source::Cache, "the store is shared");
    let accounts = silent.accounts().unwrap();
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].label(), "ada@contoso.example");
    assert!(silent.sign_out().unwrap());
    assert!(!silent.sign_out().unwrap());
    assert!(matches!(silent.token(), Err(AcquireError::SignInNeeded { .. })));
}

/// Enters the code on the device page.
struct Approves(&'static str, Arc<RunningEmulator>);

impl Prompt for Approves {
    fn show_code(&mut self, authorization: &DeviceAuthorization, _: &TokenRequest) {
        assert!(self.1.approve(&authorization.user_code, self.0));
    }

    fn show_page(&mut self, _: &SignInAddress<'_>) {}
}

#[test]
fn one_of_two_accounts_must_be_named() {
    let entra = Arc::new(Emulator::builder().scenario("normal").start().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let build = |user: &'static str| {
        builder(&entra)
            .store(StoreKind::File)
            .store_key(StoreKey::Raw(Secret::new("11".repeat(32))))
            .state_dir(dir.path())
            .prompt(Approves(user, Arc::clone(&entra)))
    };
    let (ada, lin) = ("ada@contoso.example", "lin@contoso.example");
    for user in [ada, lin] {
        assert_eq!(build(user).build().unwrap().sign_in().unwrap().account().label(), user);
    }
    let either = build(ada).build().unwrap();
    assert!(matches!(either.token(), Err(AcquireError::Ambiguous(_))));
    assert!(matches!(either.sign_out(), Err(AcquireError::Ambiguous(_))));
    assert_eq!(either.accounts().unwrap().len(), 2);
    let named = build(lin).account(lin).build().unwrap();
    assert_eq!(named.token().unwrap().account().label(), lin);
    assert!(named.sign_out().unwrap());
    assert_eq!(either.token().unwrap().account().label(), ada);
}

#[test]
fn many_threads_cause_one_sign_in() {
    let entra = Emulator::start().unwrap();
    let notes = Notes::default();
    let client = builder(&entra).prompt(notes.clone()).build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| client.token().unwrap());
        }
    });
    assert_eq!(notes.all().len(), 1);
}

#[test]
fn clients_that_share_a_store_share_one_refresh() {
    let entra = Emulator::start().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let clients: Vec<Client> = (0..4)
        .map(|_| {
            let builder = builder(&entra).store(StoreKind::File).state_dir(dir.path());
            builder.store_key(StoreKey::Raw(Secret::new("11".repeat(32)))).build().unwrap()
        })
        .collect();
    let first = clients[0].token().unwrap();
    clients[0].forget_token(&first).unwrap();
    std::thread::scope(|scope| {
        for client in &clients {
            scope.spawn(|| assert_ne!(client.token().unwrap().source(), Source::SignIn));
        }
    });
    let log = entra.log();
    let refreshes = log.iter().filter(|line| line.grant_type == Some("refresh_token"));
    assert_eq!(refreshes.count(), 1);
}

#[tokio::main(flavor = "current_thread")]
async fn within_tokio(client: &Client) -> (Token, Token) {
    // The executor is not blocked while the client works.
    let ticks = AtomicUsize::new(0);
    let ticking = async {
        loop {
            ticks.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    };
    let first = tokio::select! {
        token = client.token_async() => token.unwrap(),
        () = ticking => unreachable!(),
    };
    assert!(ticks.load(Ordering::SeqCst) > 10);
    assert_eq!(client.accounts_async().await.unwrap().len(), 1);
    // The blocking form works there too, although it blocks the executor.
    (first, client.token().unwrap())
}

#[test]
fn both_forms_work_inside_a_runtime() {
    let entra = Emulator::start().unwrap();
    let client = builder(&entra).build().unwrap();
    let (first, second) = within_tokio(&client);
    assert_eq!((first.source(), second.source()), (Source::SignIn, Source::Cache));
}

#[test]
fn a_sign_in_whose_future_is_dropped_completes() {
    let entra = Emulator::start().unwrap();
    let client = builder(&entra).build().unwrap();
    {
        let mut call = std::pin::pin!(client.token_async());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(client.token().unwrap().source(), Source::Cache);
}

#[cfg(target_os = "linux")]
#[test]
fn the_async_form_works_under_any_executor() {
    let entra = Emulator::start().unwrap();
    let client = builder(&entra).build().unwrap();
    let token = futures_lite::future::block_on(client.sign_in_async()).unwrap();
    assert_eq!(token.source(), Source::SignIn);
    assert!(futures_lite::future::block_on(client.sign_out_async()).unwrap());
}

/// Counts the requests.
struct Counting(Arc<AtomicUsize>);

impl Http for Counting {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        RealHttp::new(&Env::default()).send(request)
    }

    fn trust(&self, _: crate::sys::Bundle) {}
}

#[test]
fn requests_use_the_given_http_client() {
    let entra = Emulator::start().unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let client = builder(&entra).http(Counting(Arc::clone(&sent))).build().unwrap();
    client.token().unwrap();
    assert_eq!(sent.load(Ordering::SeqCst), entra.log().len());
}

type Items = Rc<RefCell<BTreeMap<String, Bytes>>>;

/// A store of the program. It is not `Send`, because it stays on the client's thread.
struct Drawer {
    items: Items,
    lists: bool,
    closed: Arc<AtomicUsize>,
}

impl Drop for Drawer {
    fn drop(&mut self) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }
}

impl Backend for Drawer {
    fn kind(&self) -> StoreKind {
        StoreKind::Custom
    }
    fn describe(&self) -> String {
        "a drawer".to_owned()
    }
    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.items.borrow().get(name).cloned())
    }
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.items.borrow_mut().insert(name.to_owned(), Bytes::new(bytes.to_vec()));
        Ok(())
    }
    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.items.borrow_mut().remove(name).is_some())
    }
    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        Ok(self.lists.then(|| self.items.borrow().keys().cloned().collect()))
    }
}

#[test]
fn a_custom_store_lists_its_accounts_itself() {
    let entra = Emulator::start().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let opened = Arc::new(AtomicUsize::new(0));
    let times = Arc::clone(&opened);
    let closed = Arc::new(AtomicUsize::new(0));
    let closing = Arc::clone(&closed);
    let notes = Notes::default();
    let client = builder(&entra)
        .prompt(notes.clone())
        .state_dir(dir.path())
        .backend(move || {
            if times.fetch_add(1, Ordering::SeqCst) == 0 {
                return Err(StoreError {
                    kind: StoreKind::Custom,
                    action: "be opened",
                    reason: StoreErrorKind::Locked,
                    source: None,
                });
            }
            Ok(Drawer { items: Items::default(), lists: true, closed: Arc::clone(&closing) })
        })
        .build()
        .unwrap();
    let error = client.token().unwrap_err().to_string();
    assert_eq!(error, "the custom store could not be opened: it is locked");
    client.token().unwrap();
    assert_eq!(client.accounts().unwrap().len(), 1);
    assert_eq!(client.token().unwrap().source(), Source::Cache);
    assert_eq!(opened.load(Ordering::SeqCst), 2, "it is opened once more, and stays open");
    drop(client);
    assert_eq!(closed.load(Ordering::SeqCst), 1, "it is closed with the client");
    assert!(store::read_account_list(dir.path()).is_empty(), "the shared list does not name it");
    assert_eq!(notes.all().len(), 1, "one code was shown, and no warning: {:?}", notes.all());
}

#[test]
fn a_custom_store_that_cannot_list_its_items_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let drawer = Drawer { items: Items::default(), lists: false, closed: Arc::default() };
    let grants = store::Grants::with_backend(Box::new(drawer), dir.path().to_owned());
    let error = grants.list().unwrap_err();
    assert!(matches!(error.reason, StoreErrorKind::Unavailable(_)), "{error}");
}

#[test]
fn a_panic_of_a_prompt_reaches_the_caller_and_the_client_still_works() {
    struct Panics(bool);
    impl Prompt for Panics {
        fn show_code(&mut self, _: &DeviceAuthorization, _: &TokenRequest) {
            assert!(std::mem::replace(&mut self.0, true), "not the first time");
        }
        fn show_page(&mut self, _: &SignInAddress<'_>) {}
    }
    let entra = Emulator::start().unwrap();
    let client = builder(&entra).prompt(Panics(false)).build().unwrap();
    let call = panic::AssertUnwindSafe(|| client.token());
    assert!(panic::catch_unwind(call).is_err());
    assert_eq!(client.token().unwrap().source(), Source::SignIn);
}

#[test]
fn a_missing_setting_is_named_with_the_method_that_sets_it() {
    let base = || Client::builder().client_id("app").scope(SCOPE).store(StoreKind::Memory);
    for (builder, method) in [
        (Client::builder().scope(SCOPE), "`client_id`"),
        (Client::builder().scope(SCOPE).client_id("a b"), "`client_id`"),
        (Client::builder().client_id("app"), "`scope`"),
        (base().scope("a,b"), "commas"),
        (base().tenant("a b"), "`tenant`"),
        (base().authority("http://login.example"), "`authority`"),
        (base().authority("https://login.microsoftonline.com/a").tenant("b"), "`tenant`"),
        (base().store(StoreKind::File), "`store_key`"),
        (base().store(StoreKind::Custom), "`backend`"),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(method), "{error}");
    }
    assert!(base().build().is_ok());
}

#[test]
fn debug_output_does_not_contain_the_store_key() {
    let key = StoreKey::Passphrase(Secret::new("hunter2"));
    let builder = Client::builder().client_id("app").store_key(key);
    assert!(!format!("{builder:?}").contains("hunter2"));
}

#[test]
fn openid_scopes_are_added_unless_turned_off() {
    for (offline, expected) in [(true, true), (false, false)] {
        let entra = Emulator::start().unwrap();
        let client = builder(&entra).offline(offline).build().unwrap();
        let token = client.token().unwrap();
        assert_eq!(token.can_be_refreshed(), expected);
        assert_ne!(token.account(), &Account::default(), "the ID token names the account");
        assert!(NumericDate(0) < token.expires_at());
    }
}

#[test]
fn a_code_is_shown_with_its_application_and_a_warning() {
    struct Lines(Notes);
    impl Prompt for Lines {
        fn show_code(&mut self, authorization: &DeviceAuthorization, request: &TokenRequest) {
            for line in prompt::code_lines(authorization, request) {
                self.0.add(line);
            }
        }
        fn show_page(&mut self, _: &SignInAddress<'_>) {}
    }
    let entra = Emulator::start().unwrap();
    let notes = Notes::default();
    builder(&entra).prompt(Lines(notes.clone())).build().unwrap().token().unwrap();
    let lines = notes.all();
    assert!(lines[0].contains(&format!("open {}/", entra.authority())), "{lines:?}");
    assert!(lines[1].contains(entra.client_id()) && lines[1].ends_with(SCOPE), "{lines:?}");
    assert!(lines[2].contains("only if you started this sign-in"));
}
