'use strict';
(() => {
  document.documentElement.classList.add('js');
  const blobs = JSON.parse(document.getElementById('blobs').textContent) || [];
  const body = document.querySelector('#rows tbody');
  const parse = (text) => JSON.parse(text) || [];
  const rows = Array.from(body.rows, (tr) => ({
    tr,
    name: tr.querySelector('summary').textContent.trim(),
    text: tr.textContent.toLowerCase(),
    registry: [tr.dataset.registry],
    state: [tr.dataset.state],
    change: [tr.dataset.change],
    sources: parse(tr.dataset.sources),
    clusters: parse(tr.dataset.clusters),
    platforms: parse(tr.dataset.platforms),
    size: Number(tr.dataset.size),
    created: tr.dataset.created,
    blobs: parse(tr.dataset.blobs),
  }));
  const form = document.getElementById('filters');
  const search = document.getElementById('search');
  const selects = Array.from(form.querySelectorAll('select'));
  const shown = document.getElementById('shown');

  const size = (bytes) => {
    let unit = 'B';
    for (const larger of ['KiB', 'MiB', 'GiB', 'TiB']) {
      if (bytes < 1024) break;
      bytes /= 1024;
      unit = larger;
    }
    return (unit === 'B' ? bytes : bytes.toFixed(1)) + ' ' + unit;
  };

  // Rows beyond the first ones are shown a little later, so that a key in the search field has an
  // effect at once. The table is busy until then.
  const atOnce = 120;
  let waiting = [];
  let timer = 0;
  const showMore = (number) => {
    for (const row of waiting.splice(0, number)) row.tr.hidden = false;
    timer = waiting.length ? setTimeout(showMore, 0, atOnce) : 0;
    if (!timer) body.removeAttribute('aria-busy');
  };

  // filter shows the rows that match, and counts each blob of theirs once.
  const filter = () => {
    clearTimeout(timer);
    waiting = [];
    const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== '');
    const wanted = selects.filter((select) => select.value !== '');
    const seen = new Uint8Array(blobs.length);
    let count = 0;
    let bytes = 0;
    for (const row of rows) {
      const matches = words.every((word) => row.text.includes(word)) && wanted.every((select) => row[select.dataset.key].includes(select.value));
      if (!matches) {
        if (!row.tr.hidden) row.tr.hidden = true;
        continue;
      }
      count++;
      if (row.tr.hidden) waiting.push(row);
      for (const blob of row.blobs) {
        if (seen[blob]) continue;
        seen[blob] = 1;
        bytes += blobs[blob];
      }
    }
    if (waiting.length) body.setAttribute('aria-busy', 'true');
    showMore(atOnce);
    shown.textContent = (count === rows.length ? count : count + ' of ' + rows.length) + ' images' + (blobs.length ? ', ' + size(bytes) + ' with each blob counted once' : '');
  };

  const value = { name: (row) => row.name, state: (row) => row.state[0], change: (row) => row.change[0], size: (row) => row.size, created: (row) => row.created, source: (row) => row.sources.join() };
  const heads = Array.from(document.querySelectorAll('#rows th[data-sort]'));

  // sort orders the rows by a column. Rows with equal values are ordered by name.
  const sort = (head) => {
    const descending = head.getAttribute('aria-sort') === 'ascending';
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    const of = value[head.dataset.sort];
    const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    rows.sort((a, b) => (descending ? -1 : 1) * compare(of(a), of(b)) || compare(a.name, b.name));
    body.append(...rows.map((row) => row.tr));
  };

  for (const head of heads) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    button.addEventListener('click', () => sort(head));
    head.replaceChildren(button);
  }
  form.addEventListener('input', filter);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('reset', () => setTimeout(filter));
  addEventListener('beforeprint', () => {
    clearTimeout(timer);
    showMore(waiting.length);
    rows.forEach((row) => { row.tr.querySelector('details').open = true; });
  });
  filter();
})();
