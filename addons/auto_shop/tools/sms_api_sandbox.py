# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).

from .sms_api_twilio import SmsApiTwilioShop

# Twilio's own test numbers
# (https://www.twilio.com/docs/iam/test-credentials#test-sms-messages), so that what
# a person tries here answers as the real provider would, and two of ours for what
# Twilio has no number for.
MAGIC_NUMBERS = {
    "+15005550001": {"error_code": 21211, "state": "wrong_number_format"},
    "+15005550002": {"error_code": 21612, "state": "wrong_number_format"},
    "+15005550003": {"error_code": 21408, "state": "country_not_supported"},
    "+15005550004": {"error_code": 21610, "state": "opted_out"},
    "+15005550009": {"error_code": 21614, "state": "wrong_number_format"},
    "+15005550010": {"state": "retry"},
    "+15005550011": {"state": "unknown_outcome"},
}


class SmsApiSandbox(SmsApiTwilioShop):
    """Keeps every text inside the database: accepts and "delivers" it at once.

    The numbers +1 500 555 0001, 0002, 0003, 0004 and 0009 fail as they do at Twilio,
    0010 is refused for now, 0011 gives no answer.
    """

    def _send_sms_batch(self, messages, delivery_reports_url=False):
        return self._with_words(
            [
                {
                    "uuid": recipient["uuid"],
                    **MAGIC_NUMBERS.get(
                        recipient["number"],
                        {
                            "state": "delivered",
                            "provider_ref": f"SB{recipient['uuid']}",
                        },
                    ),
                }
                for message in messages
                for recipient in message.get("numbers") or []
            ]
        )

    def _find_sent(self, rows, taken=()):
        return {row["uuid"]: {"uuid": row["uuid"], "state": "absent"} for row in rows}
