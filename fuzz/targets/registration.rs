//! A registration, its service principal and its grants, alone and next to a refusal. A line of `---` separates the files.
#![no_main]

use entrada_diagnose::{Evidence, Registration};
use libfuzzer_sys::fuzz_target;

const CLIENT: &str = "3f2a1c77-5b0e-4c39-9d51-7a2f0c6e8b14";

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut registration = Registration::default();
    for client_id in [None, Some(CLIENT)] {
        let mut any = false;
        let mut files = text.split("\n---\n");
        if let Some(application) = files.next() {
            any |= registration.read_application(application, client_id).is_ok();
        }
        if let Some(principal) = files.next() {
            any |= registration.read_service_principal(principal, client_id).is_ok();
        }
        for grants in files {
            any |= registration.read_grants(grants).is_ok();
        }
        if any {
            let alone = Evidence { registration: Some(Box::new(registration.clone())), ..Evidence::default() };
            entrada_fuzz::judge_evidence(alone);
        }
    }
    let refusal = "AADSTS65001: The user has not consented.";
    let mut evidence = entrada_diagnose::recognise(refusal, entrada_fuzz::NOW).unwrap();
    evidence.registration = Some(Box::new(registration));
    entrada_fuzz::judge_evidence(evidence);
});
