//! A mail server that follows a script.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use entrada_auth::sys::{Connection, Dial, HttpError, HttpFailure};

/// Where a script is played, and what came of it.
#[derive(Default)]
pub(crate) struct Mail {
    script: RefCell<VecDeque<String>>,
    played: Rc<RefCell<VecDeque<String>>>,
    /// `host:port`, and whether TLS came first.
    pub(crate) dialled: RefCell<Vec<(String, bool)>>,
    /// What the client said.
    pub(crate) heard: Rc<RefCell<Vec<String>>>,
}

impl Mail {
    /// The next who dials hears the lines of `script` that begin with `S: `, and has to say those with `C: ` (`C: *` is
    /// anything); `TLS` is where TLS has to begin.
    pub(crate) fn script(&self, script: &str) {
        *self.script.borrow_mut() = script.lines().map(|line| line.trim().to_owned()).collect();
        self.heard.borrow_mut().clear();
    }

    /// Whether all of the script was played.
    pub(crate) fn is_over(&self) -> bool {
        self.played.borrow().is_empty()
    }
}

impl Dial for Mail {
    fn dial(&self, host: &str, port: u16, tls: bool) -> Result<Box<dyn Connection>, HttpError> {
        self.dialled.borrow_mut().push((format!("{host}:{port}"), tls));
        let script = self.script.take();
        if script.is_empty() {
            let host = format!("{host}:{port}");
            return Err(HttpError { host, failure: HttpFailure::Connect, source: None });
        }
        *self.played.borrow_mut() = script;
        Ok(Box::new(Playing { left: Rc::clone(&self.played), heard: Rc::clone(&self.heard) }))
    }
    fn resolve(&self, host: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        match host {
            "localhost" => Ok(vec![std::net::Ipv4Addr::LOCALHOST.into()]),
            _ => Err(std::io::Error::other("no such name")),
        }
    }
}

struct Playing {
    left: Rc<RefCell<VecDeque<String>>>,
    heard: Rc<RefCell<Vec<String>>>,
}

impl Playing {
    fn next(&self) -> String {
        self.left.borrow_mut().pop_front().unwrap_or_default()
    }
}

impl Connection for Playing {
    fn read(&mut self) -> Result<Option<String>, HttpError> {
        let line = self.next();
        if line.is_empty() {
            return Ok(None);
        }
        let said =
            line.strip_prefix("S:").unwrap_or_else(|| panic!("read, and the script has {line}"));
        Ok(Some(said.strip_prefix(' ').unwrap_or_default().to_owned()))
    }
    fn write(&mut self, said: &str) -> Result<(), HttpError> {
        self.heard.borrow_mut().push(said.to_owned());
        let line = self.next();
        assert!(line == "C: *" || line == format!("C: {said}").trim_end(), "{said:?} for {line:?}");
        Ok(())
    }
    fn secure(&mut self) -> Result<(), HttpError> {
        assert_eq!(self.next(), "TLS");
        Ok(())
    }
}
