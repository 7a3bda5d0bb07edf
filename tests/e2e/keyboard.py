"""What a keyboard alone reaches on a page, and whether one sees where one is."""

from playwright.sync_api import Page

MOST = 600  # presses of Tab on one page

# Every control that somebody sees and may use; of radio buttons of one name only one takes Tab.
_PREPARE = """() => {
  const look = (one) => {
    const s = getComputedStyle(one);
    return [s.outlineStyle === 'none' ? '' : s.outlineWidth + s.outlineColor, s.boxShadow,
            s.borderColor, s.backgroundColor, s.textDecorationLine].join('|');
  };
  const around = (one) => [one, one.nextElementSibling, one.parentElement, one.closest('label'),
    one.id && document.querySelector(`label[for="${CSS.escape(one.id)}"]`),
    one.closest('label')?.querySelector('span')].filter(Boolean);
  const name = (one) => one.outerHTML.replace(/\\s+/g, ' ').slice(0, 140);
  const groups = new Set();
  const controls = [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]')]
    .filter((one) => one.tabIndex >= 0 && !one.disabled && !one.closest('[inert]')
      && one.checkVisibility({visibilityProperty: true, opacityProperty: false}))
    .filter((one) => {
      if (one.type !== 'radio') return true;
      const checked = [...document.getElementsByName(one.name)].find(
        (each) => each.checked && each.form === one.form);
      if (checked) return checked === one;
      const key = one.name + '|' + (one.form?.action ?? '') + '|' + (one.form?.id ?? '');
      return !groups.has(key) && groups.add(key);
    });
  const before = new Map(controls.map((one) => [one, around(one).map(look).join('/')]));
  const seen = new Set(), dull = [], covered = [];
  const isCovered = (one) => {
    const area = one.getBoundingClientRect();
    if (!area.height || area.width < 3 || area.height > innerHeight / 2) return false;
    const points = [[.5, .5], [.1, .2], [.9, .8]].map(([x, y]) =>
      [area.left + area.width * x, area.top + area.height * y]);
    return points.every(([x, y]) => {
      const top = document.elementFromPoint(x, y);
      if (!top) return true;
      if (top === one || one.contains(top) || top.contains(one)) return false;
      return !around(one).some((each) => each === top || each.contains(top));
    });
  };
  window.keyboard = {controls: controls.length, seen, dull, covered, rounds: 0,
    visit() {
      const one = document.activeElement;
      if (!one || one === document.body) return;
      if (one === window.keyboard.first) window.keyboard.rounds++;
      window.keyboard.first ??= one;
      if (seen.has(one)) return;
      seen.add(one);
      const now = around(one).map(look).join('/');
      if (before.get(one) === now) dull.push(name(one));
      if (isCovered(one)) covered.push(name(one));
    },
    missed: () => controls.filter((one) => !seen.has(one) && one.isConnected
      && one.checkVisibility({visibilityProperty: true})).map(name),
  };
  document.addEventListener('focusin', () => window.keyboard.visit());
  return controls.length;
}"""


def by_keyboard(page: Page) -> list[str]:
    """What Tab does not reach, what does not show that it has the focus, what lies under a bar."""
    page.evaluate("document.activeElement?.blur()")
    count = page.evaluate(_PREPARE)
    for presses in range(MOST):
        page.keyboard.press("Tab")
        if presses > count and page.evaluate("!keyboard.missed().length || keyboard.rounds > 1"):
            break
    found = page.evaluate(
        "() => ({dull: keyboard.dull, covered: keyboard.covered, missed: keyboard.missed()})"
    )
    if count > MOST:
        found["missed"] = []
    return [f"{what}: {one}" for what, those in found.items() for one in those]
