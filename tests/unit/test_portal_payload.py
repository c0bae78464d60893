"""What is checked of the portal's payloads before anybody signs in: names, addresses, lines, and what makes two jobs alike."""

from typing import Any

import pytest

from scriptjobs.errors import InvalidPayload
from scriptjobs.job_types import JobKeys, JobType, JobTypes
from scriptjobs.jobs import RawPayload

TYPES = JobTypes.load("portal_scripts")
HOSTS = ("admin.pumpd.co.nz", "admin.ozorders.com.au", "127.0.0.1:9000")
COMMON: dict[str, Any] = {"email": "owner@example.com", "password": "x", "restaurantName": "Pedro's Cantina"}


def keys(**changes: Any) -> JobKeys:
    kind = TYPES.get("setup-services")
    return kind.keys_of(kind.validate(RawPayload(COMMON | changes), HOSTS), HOSTS[0])


def faults(kind: str, **changes: Any) -> dict[str, str]:
    with pytest.raises(InvalidPayload) as raised:
        TYPES.get(kind).validate(RawPayload(COMMON | changes), HOSTS)
    return {fault["path"]: fault["message"] for fault in raised.value.details["fields"]}


def sets(*items: Any) -> dict[str, Any]:
    return {"optionSets": [{"name": "Sizes", "items": list(items)}]}


def tags(*names: str) -> dict[str, Any]:
    return {"itemTags": [{"name": name, "color": "#123456"} for name in names]}


@pytest.mark.parametrize(
    "changes",
    [
        {"restaurantName": "PEDRO’S  cantina"}, {"restaurantName": "Pedros Cantina"}, {"restaurantName": "Pedro's\u00a0Cantina "}, {"restaurantName": "Pedroʼs\u200b Cantina"},
        {"email": " Owner@Example.COM "}, {"adminUrl": "https://admin.pumpd.co.nz"}, {"adminUrl": "https://ADMIN.pumpd.co.nz:443/"},
        {"adminUrl": "https://admin.pumpd.co.nz./"}, {"adminUrl": "http://admin.pumpd.co.nz:80"}, {"adminUrl": " "},
    ],
)  # fmt: skip
def test_two_jobs_are_for_the_same_restaurant_however_it_is_typed(changes: dict[str, Any]) -> None:
    assert keys(**changes) == keys()


@pytest.mark.parametrize(
    "changes",
    [
        {"restaurantName": "Pedro's Cantina 2"},
        {"email": "other@example.com"},
        {"adminUrl": "https://admin.ozorders.com.au"},
        {"adminUrl": "http://127.0.0.1:9000"},
    ],
)
def test_another_restaurant_is_another(changes: dict[str, Any]) -> None:
    assert keys(**changes).restaurant != keys().restaurant


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example", "https://admin.pumpd.co.nz:8443", "https://admin.pumpd.co.nz@evil.example", "https://u:p@admin.pumpd.co.nz",
        "https://admin.pumpd.co.nz?x=1", "https://admin.pumpd.co.nz#x", "ftp://admin.pumpd.co.nz", "admin.pumpd.co.nz", "https://", "https://[x",
        "https://admin.pumpd.co.nz:99999",
    ],
)  # fmt: skip
def test_the_portal_is_an_allowed_one_and_nothing_more(address: str) -> None:
    assert "adminUrl" in faults("setup-services", adminUrl=address)


@pytest.mark.parametrize("name", ["Gluten\nFree", "Gluten\tFree", "a\u2028b", "a\x00b", "a\x85b"])
def test_control_characters_in_names_are_refused_with_the_field(name: str) -> None:
    assert "one line" in faults("setup-services", restaurantName=name)["restaurantName"]
    assert list(faults("add-item-tags", **tags("Fine", name))) == ["itemTags.1.name"]
    assert list(faults("add-option-sets", **sets({"name": name}))) == ["optionSets.0.items.0.name"]
    assert "directorName" in faults("finalise-onboarding", directorName=name)
    assert "keyName" in faults("create-api-key", keyName=name)
    dishes = [{"name": "Fine", "color": "#123456", "menuItemNames": ["Dal", name]}]
    assert list(faults("add-item-tags", itemTags=dishes)) == ["itemTags.0.menuItemNames.1"]


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u200b\u00ad\ufeff", "\u3164", "\ufe0f", "\u00a0\u3000"])
def test_a_name_that_shows_nothing_is_empty(name: str) -> None:
    assert faults("setup-services", restaurantName=name) == {"restaurantName": "must not be empty"}
    assert faults("add-item-tags", **tags(name)) == {"itemTags.0.name": "must not be empty"}


@pytest.mark.parametrize(
    "twin", ["gluten free", "Gluten  Free", "Gluten\u00a0Free", "Gluten\u200b Free", "Ｇluten Free"]
)
def test_the_same_name_twice_in_a_payload_is_refused(twin: str) -> None:
    assert "names something twice" in faults("add-item-tags", **tags("Gluten Free", twin))["itemTags"]
    both = [{"name": "Gluten Free"}, {"name": twin}]
    assert "names something twice" in faults("add-option-sets", optionSets=both)["optionSets"]
    assert "names something twice" in faults("add-option-sets", **sets(*both))["optionSets.0.items"]


def test_a_name_is_typed_as_a_page_shows_it() -> None:
    model: Any = TYPES.get("add-item-tags").validate(RawPayload(COMMON | tags(" Gluten \u00a0 Free ")), HOSTS)

    assert model.item_tags[0].name == "Gluten Free"


def test_option_lines_are_read_as_the_menu_file_is() -> None:
    lines = ["Large 4,50", "Extra 3.50 €", "Mega $1,000", "Pack of 6", "Plain"]
    model: Any = TYPES.get("add-option-sets").validate(RawPayload(COMMON | sets(*lines)), HOSTS)
    read = [(option.name, str(option.price)) for option in model.option_sets[0].items]

    assert read == [("Large", "4.50"), ("Extra", "3.50"), ("Mega", "1000.00"), ("Pack of 6", "0.00"), ("Plain", "0.00")]


@pytest.mark.parametrize("price", ["4,50", "$4.50", "4.5", 4.5, "4.50 €"])
def test_a_price_may_come_as_a_text(price: Any) -> None:
    model: Any = TYPES.get("add-option-sets").validate(
        RawPayload(COMMON | sets({"name": "Large", "price": price})), HOSTS
    )

    assert model.option_sets[0].items[0].price == 4.5


@pytest.mark.parametrize("price", ["٤.٥", "４.５", "", "dear", "1_000", "NaN", "12.999", "-1", 4.555, True])
def test_what_is_no_price_is_refused_with_its_place(price: Any) -> None:
    assert list(faults("add-option-sets", **sets({"name": "Large", "price": price}))) == ["optionSets.0.items.0.price"]


@pytest.mark.parametrize("line", ["Large $4.5.0", "Large ４.５０", "Mega 1 000 €", "$4.50"])
def test_an_option_line_that_cannot_be_read_is_refused_with_the_line(line: str) -> None:
    [(path, said)] = faults("add-option-sets", **sets("Fine 1.00", line)).items()

    assert path == "optionSets.0.items.1"
    assert line in said


@pytest.mark.parametrize("when", ["٠٩:00", "０9:00", "09:009:00", "24:00", "9:00", "09:00\n"])
def test_a_time_is_written_in_digits_from_0_to_9(when: str) -> None:
    hours = [{"day": "Monday", "open": when, "close": "22:00"}]
    found = faults("register-restaurant", address="12 Example Street", phone="03 456 7890", openingHours=hours)

    assert list(found) == ["openingHours.0.open"]


@pytest.mark.parametrize(
    "kind", [kind for kind in TYPES if "portal_restaurant_id" in kind.payload.model_fields], ids=lambda kind: kind.name
)
def test_the_id_of_the_portal_may_be_left_empty_in_a_form(kind: JobType) -> None:
    example = dict(kind.examples[0])

    assert kind.validate(RawPayload(example | {"portalRestaurantId": ""})) == kind.validate(RawPayload(example))
    assert kind.name not in {"register-restaurant", "create-api-key"}


@pytest.mark.parametrize("id_", ["12", "RES", "RES/../x", "RES_1?x", "res_1"])
def test_an_id_of_the_portal_looks_like_one(id_: str) -> None:
    assert list(faults("setup-services", portalRestaurantId=id_)) == ["portalRestaurantId"]
