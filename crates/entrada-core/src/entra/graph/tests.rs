use super::*;

fn found(text: &str) -> Option<CallAccess> {
    match text.parse::<GraphCall>().unwrap().look_up() {
        Lookup::Found(access) => Some(access),
        Lookup::OtherMethods(_) | Lookup::Unknown => None,
    }
}

#[test]
fn every_call_of_the_table_is_found_under_its_own_path() {
    let all = all();
    assert_eq!(all.len(), 2905);
    for own in &all {
        assert_eq!(found(&own.call).as_ref(), Some(own), "{}", own.call);
        // With a real id instead of a placeholder, in the spelling of a URL.
        let (method, path) = own.call.split_once(' ').unwrap();
        let path = path.replace("{id}", "AAMkAGI2").replace("()", "(a='b')").to_uppercase();
        let url = format!("{method} https://graph.microsoft.com/v1.0{path}/?$select=id");
        let access = found(&url).unwrap_or_else(|| panic!("{url}"));
        assert_eq!(
            (&access.work, &access.personal, &access.application),
            (&own.work, &own.personal, &own.application),
            "{url}"
        );
    }
}

#[test]
fn the_table_is_well_formed() {
    let all = all();
    let below = |start: &str| {
        let starts = |own: &&CallAccess| {
            own.call
                .split(' ')
                .nth(1)
                .is_some_and(|path| path == start || path.starts_with(&format!("{start}/")))
        };
        all.iter().filter(starts).count()
    };
    assert_eq!((below("/me"), below("/users")), (1075, 1092));
    for own in &all {
        let lists = [&own.work, &own.personal, &own.application];
        assert!(lists.iter().any(|list| !list.is_empty()), "{}", own.call);
        if own.call.contains(" /me") {
            assert!(own.application.is_empty(), "{}: an application has no `/me`", own.call);
        }
        for list in lists {
            assert!(list.is_empty() || list.iter().any(|one| one.is_least), "{}", own.call);
            let names: std::collections::BTreeSet<&str> = list.iter().map(|one| one.name).collect();
            assert_eq!(names.len(), list.iter().count(), "{}: twice", own.call);
            for name in names {
                assert!(
                    name.contains('.')
                        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-'),
                    "{name}"
                );
            }
        }
        for one in own.work.iter().chain(&own.personal) {
            assert!(!one.is_resource_specific, "{}: {}", own.call, one.name);
        }
    }
}

#[test]
fn the_data_stays_small() {
    let size = ["permissions.txt", "access.txt", "calls.txt"].map(|name| {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/entra/graph").join(name);
        std::fs::metadata(path).unwrap().len()
    });
    assert!(size.iter().sum::<u64>() < 100_000, "{size:?}");
}

#[test]
fn a_call_is_found_in_each_of_its_spellings() {
    for (text, call) in [
        ("GET /me/messages/{id}", "GET /me/messages/{id}"),
        ("get me/messages/AAMk%2F%3D%3D", "GET /me/messages/{id}"),
        ("/me/messages", "GET /me/messages"),
        ("me", "GET /me"),
        (
            "GET https://graph.microsoft.com/v1.0/me/messages/AAMk?$select=subject",
            "GET /me/messages/{id}",
        ),
        ("GET https://graph.microsoft.com/beta/me/messages", "GET /me/messages"),
        ("GET https://graph.microsoft.us/v1.0/me", "GET /me"),
        ("GET https://dod-graph.microsoft.us/v1.0/me", "GET /me"),
        ("GET https://microsoftgraph.chinacloudapi.cn/v1.0/me", "GET /me"),
        ("GET https://GRAPH.microsoft.com:443/V1.0/Me/Messages/", "GET /me/messages"),
        ("GET graph.microsoft.com/v1.0/me", "GET /me"),
        ("GET /v1.0/me/messages HTTP/1.1", "GET /me/messages"),
        ("GET /v1.0/me//messages/?$top=1#x", "GET /me/messages"),
        ("GET /me/messages/$count", "GET /me/messages"),
        ("GET /users('ada@contoso.com')/messages", "GET /users/{id}/messages"),
        ("GET /users(userPrincipalName='ada@contoso.com')/events", "GET /users/{id}/events"),
        (
            "GET /users/ada@contoso.com/messages('AA/Mk==')/attachments",
            "GET /users/{id}/messages/{id}/attachments",
        ),
        ("GET /me/mailFolders/inbox/messages", "GET /me/messages"),
        ("GET /me/mailFolders('Inbox')/messages('x')/$value", "GET /me/messages/{id}/$value"),
        ("GET /me/mailFolders/a/childFolders/b/messages/c", "GET /me/messages/{id}"),
        ("GET /me/mailFolders/a/childFolders", "GET /me/mailFolders"),
        ("GET /me/mailFolders/a/childFolders/b/childFolders/c", "GET /me/mailFolders/{id}"),
        ("GET /me/contactFolders/a/childFolders/b/contacts", "GET /me/contacts"),
        ("GET /me/calendar/events/x", "GET /me/events/{id}"),
        ("GET /me/calendars/x/calendarView", "GET /me/calendarView"),
        ("GET /me/calendarGroups/a/calendars/b/events", "GET /me/events"),
        ("GET /me/calendarGroups/a/calendars", "GET /me/calendars"),
        ("GET /me/photo/$value", "GET /me/photo"),
        ("GET /me/photos/48x48/$value", "GET /me/photos/{id}"),
        ("GET /me/memberOf/microsoft.graph.group", "GET /me/memberOf"),
        ("GET /me/memberOf/microsoft.graph.group/$count", "GET /me/memberOf"),
        ("POST /me/microsoft.graph.sendMail", "POST /me/microsoft.graph.sendMail"),
        (
            "GET /me/reminderView(startDateTime='2026-01-01T00:00',endDateTime='2026-01-02')",
            "GET /me/reminderView()",
        ),
        ("GET /me/drive/root", "GET /me/drive/root"),
        ("GET /me/drive/root:/Documents/a b.txt", "GET /me/drive/items/{id}"),
        ("GET /me/drive/root:/Documents/a.txt:/content", "GET /me/drive/root:/{id}:/content"),
        ("PUT /me/drive/root:/Documents/a.txt:/content", "PUT /me/drive/items/{id}/content"),
        ("GET /me/drive/root:/Documents:/children", "GET /me/drive/items/{id}/children"),
        ("PUT /me/drive/items/01ABC:/a.txt:/content", "PUT /me/drive/items/{id}:/{id}:/content"),
        ("GET /me/drive/items/01ABC:/a.txt:/thumbnails", "GET /me/drive/items/{id}/thumbnails"),
        ("GET /drives/b!x/root/children", "GET /drives/{id}/items/{id}/children"),
        ("GET /sites/contoso.sharepoint.com:/teams/hr", "GET /sites/{id}:/{id}"),
        ("GET /sites/contoso.sharepoint.com:/teams/hr:/lists", "GET /sites/{id}/lists"),
    ] {
        let access = found(text).unwrap_or_else(|| panic!("{text} is not found"));
        assert_eq!(access.call, call, "{text}");
    }
}

#[test]
fn a_path_that_is_not_on_record_is_not_guessed() {
    for text in [
        "GET /me/teapot",
        "GET /me/messages/x/teapot",
        "GET /me/messages/x/attachments/y/teapot",
        "GET /$batch",
        "GET /$metadata",
        "GET /me/messages/$search",
        "GET /me/messages/microsoft.graph.teapot",
        "GET /me/messages/teapot(a='b')",
        "GET /me/mailFolders/a/teapot",
        "GET /me/drive/root:/a.txt:/teapot",
        "GET /beta",
        "GET /v1.0/v1.0/me",
        "GET /users/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/1/2/3/4/5/6/7/8/9",
    ] {
        if let Ok(call) = text.parse::<GraphCall>()
            && let Lookup::Found(access) = call.look_up()
        {
            panic!("{text} is taken for {}", access.call);
        }
    }
    let put: GraphCall = "PUT /me/messages".parse().unwrap();
    assert_eq!(put.look_up(), Lookup::OtherMethods(vec!["GET", "POST"]));
    let head: GraphCall = "HEAD /me/messages".parse().unwrap();
    assert!(matches!(head.look_up(), Lookup::OtherMethods(_)));
}

#[test]
fn other_hosts_and_empty_paths_are_no_calls() {
    for host in ["graph.microsoft.com.evil.example", "outlook.office.com", "graph.windows.net"] {
        let error = format!("GET https://{host}/v1.0/me").parse::<GraphCall>().unwrap_err();
        assert_eq!(error, CallError::OtherHost { host: host.to_owned() });
    }
    for text in
        ["", "  ", "/", "GET", "GET /", "GET https://graph.microsoft.com/v1.0/", "?x", "GET ?"]
    {
        let parsed = text.parse::<GraphCall>();
        assert!(parsed == Err(CallError::NoPath) || text == "GET", "{text}: {parsed:?}");
    }
}

#[test]
fn ids_are_not_shown_and_the_user_is_known() {
    let call: GraphCall =
        "GET https://graph.microsoft.us/beta/users/ada%40contoso.com/teapot/AAMkAGI2TG93AAA=?$top=1"
            .parse()
            .unwrap();
    assert_eq!(call.to_string(), "GET /users/{id}/teapot/{id}");
    assert_eq!(call.user(), Some("ada@contoso.com"));
    let digits: GraphCall = "GET /me/teapot/0123456789".parse().unwrap();
    assert_eq!(digits.to_string(), "GET /me/teapot/{id}");
    assert_eq!((call.cloud(), call.is_beta(), call.is_me()), (Some(Cloud::UsGov), true, false));
    let call: GraphCall = "GET /users/{user-id}/messages".parse().unwrap();
    assert_eq!(call.user(), None, "a placeholder");
    let call: GraphCall = "GET /users/delta".parse().unwrap();
    assert_eq!(call.look_up(), "GET /users/delta".parse::<GraphCall>().unwrap().look_up());
}

/// Odd paths of all kinds, by a simple generator: none may panic, loop or take long.
#[test]
fn odd_paths_do_no_harm() {
    let parts = [
        "me",
        "users",
        "{}",
        "{id}",
        "root:",
        "root",
        ":",
        "a:",
        "items",
        "drive",
        "drives",
        "mailFolders",
        "childFolders",
        "messages",
        "calendars",
        "calendarGroups",
        "events",
        "()",
        "(",
        ")",
        "'",
        "('",
        "f(a='b/c')",
        "$count",
        "$value",
        "%",
        "%zz",
        "%2F",
        "é",
        "\u{202e}",
        "microsoft.graph.",
        "microsoft.graph.group",
        "..",
        ".",
        "",
        "?",
        "#",
        " ",
        "https:",
        "//",
        "sites",
        "AAMk=",
        "\0",
        "groups",
        "contactFolders",
    ];
    let mut state = 1_u64;
    let mut next = || {
        // A linear congruential generator (Knuth, MMIX).
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    for _ in 0..3_000 {
        let length = next() % 9;
        let path: Vec<&str> = (0..length).map(|_| parts[next() % parts.len()]).collect();
        let text = format!("GET /{}", path.join("/"));
        if let Ok(call) = text.parse::<GraphCall>() {
            let _ = (call.look_up(), call.to_string(), call.user(), call.cloud());
        }
        let _ = GraphCall::new(&path.concat(), &path.join(""));
    }
    let deep = "/a".repeat(50_000);
    assert!(found(&format!("GET {deep}")).is_none());
    let folders = format!("GET /me/mailFolders/a{}/messages", "/childFolders/b".repeat(2_000));
    assert_eq!(found(&folders).unwrap().call, "GET /me/messages");
}
