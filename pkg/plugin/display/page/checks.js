'use strict';
(() => {
  document.documentElement.classList.add('js');
  const lower = (element) => element.textContent.toLowerCase();
  const groups = Array.from(document.querySelectorAll('.group'));
  const findings = Array.from(document.querySelectorAll('.finding'), (element) => ({
    element,
    group: element.closest('.group'),
    more: element.querySelector('.more'),
    state: element.dataset.state,
    section: element.closest('.group').dataset.section,
    text: Array.from(element.querySelectorAll('.about, .remedy, .command'), lower).join(' '),
    subjects: Array.from(element.querySelectorAll('.subject'), (li) => ({ li, text: lower(li) })),
  }));
  const form = document.getElementById('filters');
  const search = document.getElementById('search');
  const selects = Array.from(form.querySelectorAll('select'));
  const shown = document.getElementById('shown');
  const all = findings.reduce((sum, finding) => sum + finding.subjects.length, 0);

  // filter shows the subjects that match, with their findings and sections.
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== '');
    const wanted = selects.filter((select) => select.value !== '');
    const filled = new Set();
    let count = 0;
    for (const finding of findings) {
      const chosen = wanted.every((select) => finding[select.dataset.key] === select.value);
      let matching = 0;
      for (const subject of finding.subjects) {
        const matches = chosen && words.every((word) => finding.text.includes(word) || subject.text.includes(word));
        subject.li.hidden = !matches;
        if (matches) matching++;
      }
      finding.element.hidden = matching === 0;
      if (finding.more) {
        finding.more.hidden = !finding.more.querySelector('.subject:not([hidden])');
        if (words.length) finding.more.open = true;
      }
      if (matching) filled.add(finding.group);
      count += matching;
    }
    for (const group of groups) group.hidden = !filled.has(group);
    shown.textContent = (count === all ? count : count + ' of ' + all) + ' findings';
  };

  // A command is selected and, where the browser allows that, copied.
  for (const block of document.querySelectorAll('.command')) {
    const code = block.querySelector('code');
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Copy';
    button.addEventListener('click', () => {
      getSelection().selectAllChildren(code);
      const done = (text) => { button.textContent = text; };
      if (!navigator.clipboard) done('Selected');
      else navigator.clipboard.writeText(code.textContent).then(() => done('Copied'), () => done('Selected'));
    });
    block.append(button);
  }
  form.addEventListener('input', filter);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('reset', () => setTimeout(filter));
  addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
  filter();
})();
