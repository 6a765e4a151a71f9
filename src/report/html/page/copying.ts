/** Buttons that copy the text beside them. */

export function copying(): void {
  const said = document.getElementById('said');

  async function copy(source: Element): Promise<boolean> {
    try {
      await navigator.clipboard.writeText(source.textContent ?? '');
      return true;
    } catch {
      // Pages that are served without TLS have no clipboard: the text is selected, and the browser copies what is selected.
      const selection = getSelection();
      const range = document.createRange();
      range.selectNodeContents(source);
      selection?.removeAllRanges();
      selection?.addRange(range);
      return document.execCommand('copy');
    }
  }

  document.addEventListener('click', async (event) => {
    const button = event.target instanceof Element ? event.target.closest('button[data-copy]') : null;
    const source = button?.parentElement?.querySelector('code') ?? null;
    if (button === null || source === null) return;
    const words = (await copy(source)) ? 'Copied' : 'Selected: copy it with the keyboard';
    if (said !== null) said.textContent = words;
    const label = button.textContent;
    if (label === words) return;
    button.textContent = words;
    setTimeout(() => {
      button.textContent = label;
    }, 1500);
  });
}
