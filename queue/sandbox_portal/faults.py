"""Everything that can go wrong on the portal, each to be switched on by name."""

FAULTS = {
    "no_login_form": "the login form never renders",
    "many_restaurants": "the account has sixty restaurants with near-identical names",
    "no_list_ids": "the dashboard's cards have no ids",
    "slow": "everything takes ten times as long",
    "late_lists": "whatever is listed comes most of a second after its page",
    "overlay_sticks": "the overlay stays over the page",
    "http_500": "every page answers 500",
    "page_crash": "the page crashes when the item tags open, once",
    "session_expires_once": "the next save finds that nobody is signed in any more",
    "slow_saves": "every save takes six seconds",
    "save_fails_once": "the next save fails, the one after works",
    "save_fails": "every save fails",
    "save_hangs": "a save never ends",
    "save_unheard_once": "the next save is done, but the portal never says so",
    "upload_fails_once": "the next upload of a picture fails, the one after works",
    "upload_fails": "every upload of a picture fails",
    "import_rejected": "the portal refuses a CSV file",
    "import_hangs": "the import of a CSV file never ends",
    "stripe_new_tab": "Stripe opens in a new tab",
    "stripe_late": "Stripe opens late",
    "stripe_dead": "the button to Stripe does nothing",
    "stripe_absent": "there is no button to Stripe, so the rows below stand one higher",
    "uber_absent": "neither the card nor the provider “Uber” is there",
    "key_hidden": "a new API key is not shown",
    "subdomain_taken": "the subdomain belongs to somebody else",
    "no_address": "no address is found",
    "no_services_tab": "the settings have no tab “Services”",
}
# These strike once and are off afterwards.
ONCE = frozenset(name for name in FAULTS if name.endswith("_once")) | {"page_crash"}
STRIPE_FAULTS = {"stripe_new_tab": "new_tab", "stripe_late": "late", "stripe_dead": "dead", "stripe_absent": "absent"}
