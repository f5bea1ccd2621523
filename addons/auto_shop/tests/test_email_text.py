# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.tests import BaseCase, tagged

from odoo.addons.auto_shop.tools.email_text import email_to_text


@tagged("post_install", "-at_install")
class TestEmailText(BaseCase):
    def test_what_is_said(self):
        cases = {
            "": "",
            "  ": "",
            "<!-- only -->": "",
            "plain": "plain",
            "<p>One</p><p>Two</p>": "One\n\nTwo",
            "<p>One<br/>Two</p>": "One\nTwo",
            "<p>One<br><br>Two</p>": "One\n\nTwo",
            "<div>One</div><div>Two</div>": "One\nTwo",
            "<p>a\n   b <b>bold</b>, c</p>": "a b bold, c",
            "<p>5 &lt; 6 &amp; 7&nbsp;€</p>": "5 < 6 & 7\N{NO-BREAK SPACE}€",
            "<p>To do:</p><ul><li>Brakes</li><li><p>Oil</p></li></ul><p>Soon</p>": (
                "To do:\n\n- Brakes\n- Oil\n\nSoon"
            ),
            "<ol><li>First</li><li>Second</li></ol>": "1. First\n2. Second",
            "<a href='https://e.com/a?b=1&amp;c=2'>Look</a>.": (
                "Look <https://e.com/a?b=1&c=2>."
            ),
            "<a href='https://e.com'><b>Look</b> here</a>": "Look here <https://e.com>",
            "<a href='https://e.com'>https://e.com</a>": "https://e.com",
            "<a href='tel:+1555'>555</a>, <a href='mailto:a@b.c'>a@b.c</a>": (
                "555, a@b.c"
            ),
            "<a href='mailto:a@b.c'>Write</a>": "Write <mailto:a@b.c>",
            "<a href='#'>Up</a><a>No</a>": "UpNo",
            "<img src='logo.png' alt='x'/><p>Hi</p>": "Hi",
            "<style>p {}</style><!-- no --><p>Hi</p>": "Hi",
            "<table><tr><td>a</td><td>b</td></tr></table>": "a\nb",
        }
        for source, expected in cases.items():
            with self.subTest(source=source):
                self.assertEqual(email_to_text(source), expected)
