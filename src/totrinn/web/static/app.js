// Comfort only: every page works without this file.
(() => {
  const root = document.documentElement;
  root.classList.add('js');

  // A window that the server opened becomes modal; "Cancel" and Esc close it and leave the page behind as it was.
  const openWindows = () => {
    for (const dialog of document.querySelectorAll('dialog[data-modal][open]')) {
      dialog.removeAttribute('open');
      dialog.showModal();
      dialog.scrollTop = 0;
      for (const link of dialog.querySelectorAll('a[data-close]')) {
        link.setAttribute('role', 'button');
        link.addEventListener('click', (event) => { event.preventDefault(); dialog.close(); });
        link.addEventListener('keydown', (event) => { if (event.key === ' ') { event.preventDefault(); dialog.close(); } });
      }
      dialog.addEventListener('close', () => {
        const target = document.querySelector('main .ds-button[data-variant="primary"]');
        if (target && !dialog.contains(target)) target.focus();
      });
    }
  };

  const said = (button, words) => {
    const label = button.querySelector('span') || button;
    const before = label.textContent;
    if (before === words) return;
    label.setAttribute('aria-live', 'polite');
    label.textContent = words;
    setTimeout(() => { label.textContent = before; }, 2500);
  };

  const copyText = (source) => source.matches('ol, ul')
    ? [...source.children].map((item) => item.textContent.trim()).join('\n')
    : source.textContent.replace(/\s/g, '');

  const onClick = (event) => {
    const button = event.target.closest('button');
    if (button?.dataset.copy) {
      const source = document.getElementById(button.dataset.copy);
      navigator.clipboard?.writeText(copyText(source)).then(
        () => said(button, button.dataset.done),
        () => getSelection().selectAllChildren(source),
      );
    } else if (button && 'print' in button.dataset) {
      print();
    } else if (button?.dataset.reveal) {
      const field = document.getElementById(button.dataset.reveal);
      const show = field.type === 'password';
      const { hide, hideLabel } = button.dataset;
      button.dataset.hide = button.textContent;
      button.dataset.hideLabel = button.getAttribute('aria-label');
      button.textContent = hide;
      button.setAttribute('aria-label', hideLabel);
      field.type = show ? 'text' : 'password';
    }
    for (const menu of document.querySelectorAll('details.menu[open]')) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  };

  const onKey = (event) => {
    if (event.key !== 'Escape') return;
    for (const menu of document.querySelectorAll('details.menu[open]')) {
      menu.open = false;
      menu.querySelector('summary').focus();
    }
  };

  // A form goes once: the button keeps its place and says that it is busy. Passwords are hidden again before they are sent.
  const onSubmit = (event) => {
    const form = event.target;
    if (form.method !== 'post' || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = 'yes';
    setTimeout(() => { delete form.dataset.sent; }, 5000);
    event.submitter?.setAttribute('aria-busy', 'true');
    for (const button of form.querySelectorAll('button[data-reveal]')) {
      const field = document.getElementById(button.dataset.reveal);
      if (field.type === 'text') button.click();
    }
  };

  // "Unsaved changes" is said for as long as the form differs from what the server sent.
  const written = (form) => new URLSearchParams(new FormData(form)).toString();
  const watchChanges = () => {
    for (const form of document.querySelectorAll('form[data-unsaved]')) {
      const note = form.querySelector('[data-unsaved-note]');
      if (!note || !note.hidden) continue;
      const first = written(form);
      form.addEventListener('input', () => { note.hidden = written(form) === first; });
    }
  };

  // The demo's phone: count down, and fetch the page anew when the codes change, unless someone is typing.
  const phone = () => {
    const meters = document.querySelectorAll('meter[data-left]');
    if (!meters.length) return;
    const start = Date.now();
    const until = Math.min(...[...meters].map((meter) => Number(meter.dataset.left)));
    const timer = setInterval(() => {
      const gone = (Date.now() - start) / 1000;
      for (const meter of meters) meter.value = Math.max(0, Number(meter.dataset.left) - gone);
      if (gone < until + 0.2) return;
      const typing = [...document.querySelectorAll('input:not([type=hidden])')].some((field) => field.value);
      if (!typing) { clearInterval(timer); location.reload(); }
    }, 250);
  };

  document.addEventListener('click', onClick);
  document.addEventListener('keydown', onKey);
  document.addEventListener('submit', onSubmit);
  document.addEventListener('DOMContentLoaded', () => { watchChanges(); openWindows(); phone(); });
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
    for (const button of document.querySelectorAll('[aria-busy]')) button.removeAttribute('aria-busy');
  });
})();
