# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.tests import BaseCase, tagged

from ..tools.text_keywords import keyword_of


@tagged("post_install", "-at_install")
class TestTextKeywords(BaseCase):
    def test_whole_messages(self):
        words = {
            "stop": [
                *("STOP", "stop", " Stop. ", "STOP!!", '"stop"', "StopAll", "stop all"),
                *("Unsubscribe", "CANCEL", "end", "QUIT", "Revoke", "OPTOUT"),
                *("opt out", "Opt-Out", "OPT  OUT", "ARRET", "arrêt", "Arrêt."),
            ],
            "start": ["START", "unstop", "Start."],
            "help": ["HELP", "Info", "help?"],
            "confirm": ["C", "c", "Confirm", "Y", "yes", "OK!", "1", "(c)"],
            "call": ["R", "r.", "Reschedule", "CALL"],
            False: [
                *("", "   ", None, "STOP 5 pm", "stop by at 5?", "don't stop", "?!"),
                *("cancel my appointment", "the end", "yes please", "ok thanks"),
                *("call me", "C u soon", "10", "👍", "stopp"),
            ],
        }
        for keyword, bodies in words.items():
            for body in bodies:
                with self.subTest(body=body):
                    self.assertEqual(keyword_of(body), keyword)

    def test_yes_opts_in_only_who_has_stopped(self):
        self.assertEqual(keyword_of("YES", stopped=True), "start")
        self.assertEqual(keyword_of("Y", stopped=True), "confirm")
        self.assertEqual(keyword_of("YES", stopped=False), "confirm")
