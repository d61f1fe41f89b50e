//! The words of lines that state nothing, in lower case. None of them says that something was refused, failed or is missing.

/// Words at the start of a greeting.
pub(super) const GREETINGS: &str = "bonjour ciao dear folks good greetings guten hallo hello hey hi hola liebe lieber moin morning \
    salut servus";

/// Words at the start of what closes a letter.
pub(super) const CLOSINGS: &str = "best br cheers cordialement danke gracias grazie greetings gruß grüße kind lg merci mfg regards \
    saludos sincerely thank thanks thx ty vg viele vielen yours";

/// Words that name an error without stating one: in a question, an introduction or a heading.
pub(super) const ABOUT_ERRORS: &str = "bug cause causes diagnose erreur error errors exception exceptions failure fehler fehlermeldung fix \
    issue issues problem problems problème reason reproduce reproduction resolve solve stack stacktrace \
    trace traceback trouble warning wrong";

/// Words of ordinary language around a text.
pub(super) const WORDS: &str = "a about actual additional advance after again all also always am an and any anybody anyone anything \
    app appears application appreciated are as at attached ausgabe back be bedeutet been before \
    behavior behaviour bekomme below best bitte but by came can ce cheers client code colleague \
    colleagues come comes complete config console context copied copy could cron dank danke das day \
    dear der describe description details did die diese do does doing else environment es esto ever \
    every everybody everyone exact exactly expected find folks following follows for forward found \
    friday from full get gets getting give gives good got gracias guys had hallo happen happened \
    happening happens has have having he heißt hello help helpful here here's heres hey hi hier hint \
    hints hola how i i'd i'm i've ich idea ideas if in info information input is ist it it'd it's its \
    je jemand job just kann kind kindest kindly know last line lines lo log logs look looking looks lot \
    machine mail many maybe me mean meaning means merci message messages might mir monday more morning \
    much my need new now of ok on one or our out output over paste pasted people please point pointers \
    posted printed prints program que question questions quick raw receive received regards relevant \
    report reported response return returned returns run running runs sagen said say saying says screen \
    script see seeing seems seen sent server service she should show shown shows since snippet so some \
    somebody someone something sorry start started steps still suggestion suggestions support system \
    team tell text thank thanks that that's the their them then there these they thing this though \
    thoughts time to today told tool try trying understand up us use used user using version vielen \
    voici want was we we're week welcome were what what's when where which while who whole why will \
    with would write writes yesterday you your";

/// Names of what an issue's template asks for.
pub(super) const ENVIRONMENT: &str = "app arch architecture browser cli client distribution dotnet environment go java kernel language \
    library net node os package php platform powershell python runtime rust sdk shell tool version \
    versions";

/// Headers of a quoted mail.
pub(super) const MAIL_HEADERS: &[&str] = &[
    "An",
    "Betreff",
    "Cc",
    "Date",
    "Datum",
    "De",
    "Envoyé",
    "From",
    "Gesendet",
    "Importance",
    "Objet",
    "Reply-To",
    "Sent",
    "Subject",
    "To",
    "Von",
    "À",
];

/// Fields of a Windows event, as the Event Viewer copies it.
pub(super) const EVENT_FIELDS: &[&str] = &[
    "Aufgabenkategorie",
    "Benutzer",
    "Beschreibung",
    "Computer",
    "Date",
    "Datum",
    "Description",
    "Ebene",
    "Ereignis-ID",
    "Event ID",
    "Keywords",
    "Level",
    "Log Name",
    "Protokollname",
    "Quelle",
    "Schlüsselwörter",
    "Source",
    "Task Category",
    "User",
];

/// Whether `word`, in lower case, is one of `words`.
pub(super) fn has(words: &str, word: &str) -> bool {
    words.split(' ').any(|own| own == word)
}
