"""Take the pictures of README.md from a demo database that is being served.

``make screenshots`` runs it; by hand: ``python docs/screenshots.py URL DATABASE
[FOLDER]``. With a folder it also takes what README.md does not show: every screen of
``SCREENS``, at the width of a desk and of a telephone.
"""

from __future__ import annotations

import base64
import contextlib
import io
import itertools
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import websocket
from PIL import Image

IMAGES = Path(__file__).parent / "images"
MAX_BYTES = 200_000
DESK = (1280, 800)
PHONE = (390, 844)
TIME_ZONE = "America/Chicago"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60.0  # seconds for a page to show what is waited for

SCREENS = {
    "work-orders": "work-orders",
    "schedule": "schedule",
    "customers": "shop-customers",
    "vehicles": "vehicles",
    "texts": "texts",
    "interactions": "interactions",
    "attention": "interactions-attention",
    "postcards": "postcards",
    "wording": "message-wording",
    "settings": "shop-settings",
}


class Browser:
    """A Chromium without a window, spoken to by its DevTools protocol."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(
            address, timeout=PATIENCE, suppress_origin=True
        )
        self._numbers = itertools.count(1)
        self.send("Page.enable")
        self.send("Runtime.enable")
        # The clock on the wall of the demo shop.
        self.send("Emulation.setTimezoneOverride", timezoneId=TIME_ZONE)

    def send(self, method: str, **params) -> dict:
        """Call a method of the protocol and return its result."""
        number = next(self._numbers)
        self._socket.send(
            json.dumps({"id": number, "method": method, "params": params})
        )
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def size(self, width: int, height: int) -> None:
        """Give the page the size of a screen."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=width < 600)

    def run(self, script: str):
        """Evaluate JavaScript in the page and return its value."""
        result = self.send(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:2000])
        return result["result"].get("value")

    def wait(self, selector: str) -> None:
        """Wait for an element that can be seen."""
        end = time.monotonic() + PATIENCE
        found = (
            f"!!Array.from(document.querySelectorAll({json.dumps(selector)}))"
            ".find(e => e.offsetParent !== null || e.getClientRects().length)"
        )
        while time.monotonic() < end:
            with contextlib.suppress(RuntimeError):
                if self.run(found):
                    return
            time.sleep(0.2)
        raise RuntimeError(f"The page never showed {selector}")

    def open(self, url: str, selector: str) -> None:
        """Open a page and wait for an element of it."""
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=url)
        self.wait(selector)
        self.settle()

    def settle(self, seconds: float = 1.5) -> None:
        """Let transitions end and pictures come in."""
        self.run("document.fonts.ready.then(() => true)")
        time.sleep(seconds)

    def click(self, selector: str) -> None:
        """Click on an element."""
        self.wait(selector)
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def save(self, path: Path) -> None:
        """Write what is seen, small enough for a page that is read online."""
        # What comes and goes by itself is not part of the picture.
        self.run(
            "document.querySelectorAll('.o_notification_close').forEach(b => b.click())"
        )
        data = self.send("Page.captureScreenshot", format="png")["data"]
        image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
        path.parent.mkdir(parents=True, exist_ok=True)
        for colors in (256, 128, 64, 32):
            image.quantize(colors, dither=Image.Dither.NONE).save(path, optimize=True)
            if path.stat().st_size <= MAX_BYTES:
                break
        print(f"    {path} ({path.stat().st_size // 1024} kB)", flush=True)


@contextlib.contextmanager
def browsing() -> Iterator[Browser]:
    """Start a browser of our own, and end it."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if not program:
        raise SystemExit("Chromium is needed to take pictures: install it.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--no-first-run",
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            port = next(
                match[1]
                for line in process.stderr
                if (match := re.search(r"listening on ws://127\.0\.0\.1:(\d+)/", line))
            )
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
                pages = json.load(answer)
            yield Browser(
                next(
                    page["webSocketDebuggerUrl"]
                    for page in pages
                    if page["type"] == "page"
                )
            )
        finally:
            process.terminate()
            process.wait()


class Shop:
    """The web client of the demo shop, seen by the administrator."""

    def __init__(self, browser: Browser, url: str, database: str) -> None:
        self.browser = browser
        self.url = url
        browser.size(*DESK)
        browser.open(f"{url}/web/login?db={database}", "input[name=login]")
        browser.run(
            "document.querySelector('input[name=login]').value = 'admin';"
            "document.querySelector('input[name=password]').value = 'admin';"
            "document.querySelector('.oe_login_form').submit()"
        )
        browser.wait(".o_main_navbar")

    def call(self, model: str, method: str, *args, **kwargs):
        """Call a method of a model as the user who is logged in."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        body = json.dumps({"jsonrpc": "2.0", "params": params})
        answer = self.browser.run(
            "fetch('/web/dataset/call_kw', {method: 'POST', headers:"
            " {'Content-Type': 'application/json'}, body: "
            f"{json.dumps(body)}}}).then(r => r.json())"
        )
        if "error" in answer:
            raise RuntimeError(answer["error"]["data"]["message"])
        return answer["result"]

    def find(self, model: str, domain: list, order: str = "id") -> int:
        """Return the id of a record of the demo data."""
        ids = self.call(model, "search", domain, limit=1, order=order)
        if not ids:
            raise RuntimeError(f"The demo data has no {model} with {domain}")
        return ids[0]

    def has(self, addon: str) -> bool:
        """Whether an addon of the suite is installed."""
        return bool(
            self.call(
                "ir.module.module",
                "search_count",
                [("name", "=", addon), ("state", "=", "installed")],
            )
        )

    def open(self, path: str, selector: str = ".o_action_manager > .o_action") -> None:
        """Open a screen of the web client by its path."""
        self.browser.open(f"{self.url}/odoo/{path}", selector)

    # -- What README.md shows ----------------------------------------------

    def conversation(self) -> None:
        self.open("texts", ".o_list_table")
        self.browser.run(
            "Array.from(document.querySelectorAll('.o_data_row')).find("
            "row => row.textContent.includes('Maria Gutierrez'))"
            ".querySelector('.o_data_cell').click()"
        )
        self.browser.wait("textarea")
        self.browser.settle()

    def schedule(self) -> None:
        self.open("schedule", ".fc-event")
        if self.browser.run("new Date().getDay() % 6 === 0 || new Date().getDay() > 3"):
            # What is left of this week is little to look at.
            self.browser.click(".o_calendar_button_next")
            self.browser.settle()

    def vehicle(self) -> None:
        vehicle = self.find(
            "customer.vehicle",
            [
                ("owner_id.name", "=", "Maria Gutierrez"),
                ("make_id.name", "=", "Subaru"),
            ],
        )
        self.open(f"vehicles/{vehicle}", ".o_form_view .o_form_sheet")

    def ready(self) -> None:
        quote = self.find(
            "sale.order",
            [
                ("partner_id.name", "=", "Jorge Cantu"),
                ("glass_selected", "=", True),
                ("sent_to_crm_at", "=", False),
            ],
        )
        self.open(f"work-orders/{quote}", ".o_form_view .o_form_sheet")
        self.decide()

    def experience(self) -> None:
        (invoice,) = self.call(
            "sale.order",
            "read",
            self.find(
                "sale.order",
                [
                    ("experience_invoice_id", "!=", False),
                    ("customer_experience", "=", False),
                ],
            ),
            ["experience_invoice_id"],
        )
        invoice = invoice["experience_invoice_id"][0]
        self.open(f"account.move/{invoice}", ".o_form_view .o_form_sheet")
        self.decide()

    def decide(self) -> None:
        """Open the question of a form."""
        self.browser.click(".o_customer_question_banner button")
        self.browser.wait(".o_customer_question")
        self.browser.settle()


PICTURES = ("conversation", "schedule", "vehicle")
GLASS_PICTURES = ("ready", "experience")


def main(url: str, database: str, folder: str | None = None) -> None:
    """Take the pictures."""
    with browsing() as browser:
        shop = Shop(browser, url, database)
        glass = GLASS_PICTURES if shop.has("auto_glass_crm") else ()
        for name in (*PICTURES, *glass):
            getattr(shop, name)()
            browser.save(IMAGES / f"{name}.png")
        if folder:
            for width, size in (("desk", DESK), ("phone", PHONE)):
                browser.size(*size)
                # Each size begins as on a device of its own.
                browser.run("localStorage.clear()")
                for name, path in SCREENS.items():
                    shop.open(path)
                    browser.save(Path(folder, f"{name}-{width}.png"))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
