//! How a program that signs in is tested: `cargo test --example emulator_in_tests`.

use entrada_auth::{AcquireError, Client};

/// What a program does with a token.
fn authorization(client: &Client) -> Result<String, AcquireError> {
    client.token().map(|token| format!("Bearer {}", token.secret()))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder().client_id("my-client-id").scope("User.Read").build()?;
    authorization(&client)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use entrada_auth::{Client, StoreKind};
    use entrada_emulator::{Emulator, RunningEmulator};

    fn client_of(entra: &RunningEmulator) -> Client {
        let client = Client::builder().authority(entra.authority()).tenant(entra.tenant());
        let client = client.client_id(entra.client_id()).scope("User.Read");
        client.store(StoreKind::Memory).interactive(true).build().unwrap()
    }

    #[test]
    fn the_header_holds_the_token() {
        let entra = Emulator::start().unwrap();
        assert!(super::authorization(&client_of(&entra)).unwrap().starts_with("Bearer ey"));
    }

    #[test]
    fn a_user_who_declines_is_an_error() {
        let entra = Emulator::builder().scenario("user-declines").start().unwrap();
        assert!(super::authorization(&client_of(&entra)).is_err());
    }
}
