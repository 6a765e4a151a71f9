/** Details of the marks in charts, for the pointer and for the keyboard: each chart is one stop of the Tab key. */

export function charts(): void {
  const KEYS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const tip = document.getElementById('tip');
  if (tip === null) return;

  let current: Element | null = null;

  function show(mark: Element): void {
    if (tip === null) return;
    current = mark;
    tip.textContent = mark.getAttribute('aria-label');
    tip.hidden = false;
    const { left, right, top, bottom } = mark.getBoundingClientRect();
    const { width, height } = tip.getBoundingClientRect();
    const x = Math.min(window.innerWidth - width - 8, Math.max(8, (left + right - width) / 2));
    tip.style.left = `${x}px`;
    tip.style.top = `${top - height - 8 < 8 ? bottom + 8 : top - height - 8}px`;
  }

  function hide(): void {
    current = null;
    if (tip !== null) tip.hidden = true;
  }

  for (const chart of document.querySelectorAll('[data-marks]')) {
    // Listeners for the focus would make the svg a stop of the Tab key itself.
    const box = chart.parentElement ?? chart;
    const marks = [...chart.querySelectorAll<SVGElement>('[tabindex]')];
    const markOf = (event: Event) => (event.target instanceof Element ? event.target.closest<SVGElement>('[tabindex]') : null);
    box.addEventListener('pointerover', (event) => {
      const mark = markOf(event);
      if (mark !== null) show(mark);
    });
    box.addEventListener('pointerleave', hide);
    box.addEventListener('focusin', (event) => {
      const mark = markOf(event);
      if (mark === null) return;
      for (const other of marks) other.setAttribute('tabindex', other === mark ? '0' : '-1');
      show(mark);
    });
    box.addEventListener('focusout', hide);
    box.addEventListener('keydown', (event) => {
      const { key } = event as KeyboardEvent;
      const mark = markOf(event);
      if (mark === null) return;
      const step = KEYS[key];
      const next = key === 'Home' ? 0 : key === 'End' ? marks.length - 1 : step === undefined ? -1 : marks.indexOf(mark) + step;
      if (next < 0 || next >= marks.length) return;
      event.preventDefault();
      marks[next].focus();
    });
  }
  document.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') hide();
  });
  // Of boxes within the page as well: the focus may scroll to its mark.
  const follow = () => {
    if (current !== null && current === document.activeElement) show(current);
    else hide();
  };
  document.addEventListener('scroll', follow, { passive: true, capture: true });
}
