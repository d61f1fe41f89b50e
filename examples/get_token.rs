//! Gets a token, and prints it.
//!
//! `cargo run --example get_token -- CLIENT_ID SCOPE [AUTHORITY [TENANT]]`

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a program, not the library"
)]

use std::error::Error;

use entrada_auth::{Client, StoreKind};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [client_id, scope, rest @ ..] = &words[..] else {
        return Err("usage: get_token CLIENT_ID SCOPE [AUTHORITY [TENANT]]".into());
    };
    let mut builder = Client::builder()
        .client_id(client_id)
        .scope(scope)
        // Without this line the keyring of the system keeps the sign-in for the next run.
        .store(StoreKind::Memory)
        // Without this line nobody is asked to sign in where stderr is no terminal.
        .interactive(true);
    if let Some(authority) = rest.first() {
        builder = builder.authority(authority);
    }
    if let Some(tenant) = rest.get(1) {
        builder = builder.tenant(tenant);
    }
    // From the store, else by refresh, else by asking the user.
    let token = builder.build()?.token()?;
    eprintln!("{} until {}", token.account().label(), token.expires_at());
    println!("{}", token.secret());
    Ok(())
}
