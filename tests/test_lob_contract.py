# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""The real requests to Lob against Lob's published description."""

import json
import tempfile
from pathlib import Path

import urllib3

from odoo.tests import tagged

from odoo.addons.customer_contact_360.tests.fake_lob import LIVE_KEY
from odoo.addons.customer_contact_360.tests.test_lob import LobCommon
from odoo.addons.customer_contact_360.tools.lob_api import LobApi, flatten

from .prism import PrismMixin

CARD = "psc_208e45e48d271294"
# What is mended in the description: the schema, what stands in it, what should.
MENDED = [
    # A string that may be null by its list of values, but not by its type, makes Prism
    # let every order pass, whatever is in it.
    (
        "psc_use_type",
        "        - operational\n        - null\n",
        "        - operational\n",
    ),
    # City and state, or a postal code; by Lob's own examples both may be given.
    (
        "inline_address_intl",
        "          oneOf:\n            - required:\n                - address_city\n",
        "          anyOf:\n            - required:\n                - address_city\n",
    ),
]


@tagged("post_install", "-at_install")
class TestLobContract(PrismMixin, LobCommon):
    contract = "lob_api.yml"

    @classmethod
    def _mend_contract(cls, path):
        contract = path.read_text()
        for schema, wrong, right in MENDED:
            before, after = contract.split(f"\n    {schema}:\n")
            if wrong not in after[:1500]:
                raise AssertionError(f"Lob's description has changed: see {schema}")
            after = after.replace(wrong, right, 1)
            contract = f"{before}\n    {schema}:\n{after}"
        mended = Path(cls.enterClassContext(tempfile.TemporaryDirectory()), path.name)
        mended.write_text(contract)
        return mended

    def setUp(self):
        super().setUp()
        self.line = LobApi(LIVE_KEY, self.prism_url, timeout=60)
        self.addCleanup(self.line.close)
        self._keep_answers(self.line._pool)

    def _prepare(self, partner, **vals):
        card = self._send_cards(partner)
        card.write(vals)
        order = card.postcard_order_ids
        return {"key": order.key, **order._lob_prepare()}

    def _post_json(self, fields):
        """The same fields as JSON: Prism does not look into forms with files."""
        body = {**fields, "front": "front.pdf", "back": "back.pdf"}
        return urllib3.request(
            "POST",
            f"{self.prism_url}/postcards",
            body=json.dumps(_without_empty(body)),
            headers=urllib3.make_headers(basic_auth=f"{LIVE_KEY}:")
            | {"Content-Type": "application/json", "Idempotency-Key": "x" * 32},
        )

    def _people(self):
        canada = self.env.ref("base.ca")
        return {
            "at home": self.bob,
            "zip + 4": self.bob.copy({"zip": "78704-1234"}),
            "company": self.bob.copy({"name": "Acme " * 14}),
            "Puerto Rico": self.bob.copy(
                {"country_id": self.env.ref("base.pr").id, "state_id": False}
            ),
            "abroad": self.bob.copy(
                {
                    "country_id": canada.id,
                    "state_id": self.env.ref("base.state_ca_on").id,
                    "zip": "M5V 2T6",
                }
            ),
        }

    def test_order(self):
        item = self._prepare(self.bob)
        result = self.line.send(item)
        # Prism knows neither how a form names what is nested nor files.
        (answer,) = self.answers
        self.assertIn(result["state"], ("refused", "bad_address"))
        for violation in _get_violations(answer):
            self.assertRegex(
                violation["message"],
                "^Request body (property (front|back) |must have .* 'to'$)",
            )
        # Its example of an answer is read as it should be.
        answer = self._post_json(item["fields"])
        result = self.line._read_card(self.line._read_answer(answer))
        self.assertEqual(result["state"], "accepted")
        self.assertTrue(result["provider_ref"].startswith("psc_"))
        self.assertTrue(result["send_date"])

    def test_fields_of_an_order(self):
        for size in ("4x6", "6x9"):
            self.setup.write({"post_size": size, "lob_mail_type": "usps_standard"})
            for name, partner in self._people().items():
                with self.subTest(size=size, customer=name):
                    item = self._prepare(partner)
                    answer = self._post_json(item["fields"])
                    self.assertEqual(answer.status, 200, _get_violations(answer))
                    # The form says the same, and nothing else.
                    names = [name for name, _value in flatten(item["fields"])]
                    self.assertEqual(len(names), len(set(names)))

    def test_prism_refuses_what_breaks_the_contract(self):
        """Else the test above would prove nothing."""
        fields = self._prepare(self.bob)["fields"]
        breaks = [
            {"size": "5x7"},
            {"use_type": "nonsense"},
            {"mail_type": "pigeon"},
            {"to": {**fields["to"], "address_zip": "787"}},
            {"to": {**fields["to"], "address_state": "Texas"}},
            {"to": {**fields["to"], "name": "N" * 41}},
            {"to": {"name": "Ann"}},
        ]
        for changed in breaks:
            with self.subTest(changed=changed):
                answer = self._post_json({**fields, **changed})
                self.assertNotEqual(answer.status, 200, answer.data)

    def test_look_up_by_key(self):
        result = self.line.find({"key": "a" * 32})
        self.assertEqual([answer.status for answer in self.answers], [200])
        self.assertEqual(result["state"], "accepted")

    def test_check(self):
        result = self.line.check({"provider_ref": CARD})
        self.assertEqual([answer.status for answer in self.answers], [200])
        self.assertIn(result["state"], ("rendered", "rendering"))

    def test_stop(self):
        self.assertEqual(self.line.cancel({"provider_ref": CARD})["state"], "cancelled")

    def test_account(self):
        self.assertEqual(self.line.ping()["state"], "accepted")
        answer = urllib3.request("GET", f"{self.prism_url}/postcards?limit=1")
        self.assertEqual(answer.status, 401)


def _get_violations(answer):
    """What Prism says of a request, beside the example of an answer."""
    return json.loads(answer.headers.get("sl-violations", "[]"))


def _without_empty(fields):
    """Leave out what the form leaves out as well."""
    return {
        name: _without_empty(value) if isinstance(value, dict) else value
        for name, value in fields.items()
        if value not in (None, "", False)
    }
