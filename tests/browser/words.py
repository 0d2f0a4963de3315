"""The words on the screen, written down by hand: what the pages must say, not what the catalogues happen to hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    code: str
    sign_in: str
    email: str
    password: str
    sign_out: str
    wrong_password: str
    signed_out: str
    must_enrol: str
    activate: str
    cannot_scan: str
    code_from_app: str
    active: str
    keep_codes: str
    kept: str
    onward: str
    enter_code: str
    one_time_code: str
    hello: str
    maintenance: str
    settings: str
    basic_settings: str
    menu: str
    main_menu: str
    name: str
    require: str
    not_available: str
    ask_support: str
    save: str
    unsaved: str
    question: str
    at_once: str
    you_too: str
    confirm: str
    cancel: str
    nothing_changed_yet: str
    required_now: str
    on_since: str
    only_global: str
    organisations: str
    make_available: str
    why: str
    now_available: str
    users: str
    not_set_up: str
    reset: str
    use_recovery_code: str
    three_minutes_fast: str
    by_sso: str
    go_on: str
    sso_cancelled: str
    to_sign_in: str
    test_connection: str


BOKMAAL = Words(
    code="nb",
    sign_in="Logg inn",
    email="E-postadresse",
    password="Passord",
    sign_out="Logg ut",
    wrong_password="E-postadressen eller passordet er feil.",
    signed_out="Du er logget ut.",
    must_enrol="Organisasjonen din krever totrinnsbekreftelse",
    activate="Aktiver totrinnsbekreftelse",
    cannot_scan="Kan du ikke skanne? Skriv inn denne koden i appen:",
    code_from_app="Bekreft med engangskode fra app",
    active="Totrinnsbekreftelse er aktivert",
    keep_codes="Ta vare på reservekodene",
    kept="Jeg har tatt vare på reservekodene",
    onward="Fortsett til Jobadmin",
    enter_code="Skriv inn engangskoden",
    one_time_code="Engangskode",
    hello="Hei, {name}",
    maintenance="Vedlikehold",
    settings="Innstillinger",
    basic_settings="Grunninnstillinger",
    menu="Meny",
    main_menu="Hovedmeny",
    name="Navn",
    require="Krev totrinnsbekreftelse",
    not_available="Ikke tilgjengelig for dere ennå",
    ask_support="Kontakt support",
    save="Lagre",
    unsaved="Du har endringer som ikke er lagret",
    question="Vil du kreve totrinnsbekreftelse fra nå?",
    at_once="Når du bekrefter, er det ikke lenger mulig å komme inn hos Fjordly AS bare med e-post og passord.",
    you_too="Du blir bedt om å sette opp totrinnsbekreftelse med en gang. Ha telefonen klar.",
    confirm="Bekreft",
    cancel="Avbryt",
    nothing_changed_yet="Ingenting er endret før du bekrefter. Tallene gjelder i fem minutter.",
    required_now="Totrinnsbekreftelse er nå påkrevd.",
    on_since="På siden",
    only_global="Bare globale administratorer kan endre dette.",
    organisations="Organisasjoner",
    make_available="Gjør tilgjengelig",
    why="Hvorfor?",
    now_available="Funksjonen er nå tilgjengelig for organisasjonen.",
    users="Brukere",
    not_set_up="Ikke satt opp",
    reset="Nullstill totrinnsbekreftelse",
    use_recovery_code="Bruk en reservekode",
    three_minutes_fast="Telefonens klokke går 3 minutter for fort",
    by_sso="Logg inn med SSO",
    go_on="Fortsett",
    sso_cancelled="Innloggingen ble avbrutt",
    to_sign_in="Til innloggingssiden",
    test_connection="Test denne koblingen",
)

NYNORSK = Words(
    code="nn",
    sign_in="Logg inn",
    email="E-postadresse",
    password="Passord",
    sign_out="Logg ut",
    wrong_password="E-postadressa eller passordet er feil.",
    signed_out="Du er logga ut.",
    must_enrol="Organisasjonen din krev totrinnsstadfesting",
    activate="Aktiver totrinnsstadfesting",
    cannot_scan="Kan du ikkje skanne? Skriv inn denne koden i appen:",
    code_from_app="Stadfest med eingongskode frå app",
    active="Totrinnsstadfesting er aktivert",
    keep_codes="Ta vare på reservekodane",
    kept="Eg har teke vare på reservekodane",
    onward="Hald fram til Jobadmin",
    enter_code="Skriv inn eingongskoden",
    one_time_code="Eingongskode",
    hello="Hei, {name}",
    maintenance="Vedlikehald",
    settings="Innstillingar",
    basic_settings="Grunninnstillingar",
    menu="Meny",
    main_menu="Hovudmeny",
    name="Namn",
    require="Krev totrinnsstadfesting",
    not_available="Ikkje tilgjengeleg for dykk enno",
    ask_support="Kontakt support",
    save="Lagre",
    unsaved="Du har endringar som ikkje er lagra",
    question="Vil du krevje totrinnsstadfesting frå no?",
    at_once="Når du stadfestar, er det ikkje lenger mogleg å kome inn hos Fjordly AS berre med e-post og passord.",
    you_too="Du blir beden om å setje opp totrinnsstadfesting med ein gong. Ha telefonen klar.",
    confirm="Stadfest",
    cancel="Avbryt",
    nothing_changed_yet="Ingenting er endra før du stadfestar. Tala gjeld i fem minutt.",
    required_now="Totrinnsstadfesting er no påkravd.",
    on_since="På sidan",
    only_global="Berre globale administratorar kan endre dette.",
    organisations="Organisasjonar",
    make_available="Gjer tilgjengeleg",
    why="Kvifor?",
    now_available="Funksjonen er no tilgjengeleg for organisasjonen.",
    users="Brukarar",
    not_set_up="Ikkje sett opp",
    reset="Nullstill totrinnsstadfesting",
    use_recovery_code="Bruk ein reservekode",
    three_minutes_fast="Klokka på telefonen går 3 minutt for fort",
    by_sso="Logg inn med SSO",
    go_on="Hald fram",
    sso_cancelled="Innlogginga vart avbroten",
    to_sign_in="Til innloggingssida",
    test_connection="Test denne koplinga",
)

ENGLISH = Words(
    code="en",
    sign_in="Sign in",
    email="Email address",
    password="Password",
    sign_out="Sign out",
    wrong_password="The email address or the password is wrong.",
    signed_out="You are signed out.",
    must_enrol="Your organisation requires two-factor authentication",
    activate="Activate two-factor authentication",
    cannot_scan="Can’t scan it? Enter this code in the app:",
    code_from_app="Confirm with one-time code from app",
    active="Two-factor authentication is active",
    keep_codes="Keep your recovery codes",
    kept="I have kept my recovery codes",
    onward="Continue to Jobadmin",
    enter_code="Enter the one-time code",
    one_time_code="One-time code",
    hello="Hello, {name}",
    maintenance="Maintenance",
    settings="Settings",
    basic_settings="Basic settings",
    menu="Menu",
    main_menu="Main menu",
    name="Name",
    require="Require two-factor authentication",
    not_available="Not available to you yet",
    ask_support="Contact support",
    save="Save",
    unsaved="You have changes that are not saved",
    question="Require two-factor authentication from now?",
    at_once="Once you confirm, it is no longer possible to get in to Fjordly AS with just email and password.",
    you_too="You will be asked to set up two-factor authentication right away. Have your phone ready.",
    confirm="Confirm",
    cancel="Cancel",
    nothing_changed_yet="Nothing has changed until you confirm. The numbers are valid for five minutes.",
    required_now="Two-factor authentication is now required.",
    on_since="On since",
    only_global="Only global administrators can change this.",
    organisations="Organisations",
    make_available="Make available",
    why="Why?",
    now_available="The feature is now available to the organisation.",
    users="Users",
    not_set_up="Not set up",
    reset="Reset two-factor authentication",
    use_recovery_code="Use a recovery code",
    three_minutes_fast="Your phone’s clock is 3 minutes fast",
    by_sso="Sign in with SSO",
    go_on="Continue",
    sso_cancelled="The sign-in was cancelled",
    to_sign_in="To the sign-in page",
    test_connection="Test this connection",
)

LANGUAGES = {words.code: words for words in (BOKMAAL, NYNORSK, ENGLISH)}
