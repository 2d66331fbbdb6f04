#include "daemon/status_script.hpp"

namespace reactord {
namespace {

constexpr std::string_view script = R"script('use strict';
const most = 300, samples = [], paces = [1, 2, 5, 15];
let paused = false, pace = 0, timer = 0, asking = false, failedSince = 0;
const $ = id => document.getElementById(id);

// ---- The text of the metrics: {family: [{labels: {...}, value: n}, ...]}

function parse(text) {
  const families = new Map();
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, key, value] of (match[2] || '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g))
      labels[key] = value.replace(/\\(.)/g, (whole, c) => c === 'n' ? '\n' : c);
    if (!families.has(match[1])) families.set(match[1], []);
    families.get(match[1]).push({labels, value: match[3] === '+Inf' ? Infinity : Number(match[3])});
  }
  return families;
}

const rows = (sample, name) => sample && sample.families.get('reactord_' + name) || [];
// The sum over all labels.
function value(sample, name) {
  const found = rows(sample, name);
  return found.length ? found.reduce((sum, row) => sum + row.value, 0) : undefined;
}
const same = (left, right) => Object.keys(left).every(key => left[key] === right[key]);
function before(sample, name, labels) {
  const found = rows(sample, name).find(row => same(labels, row.labels));
  return found ? found.value : 0;
}

// A counter that has become smaller is that of another daemon: it began at zero.
function grown(now, then) { return now >= then ? now - then : now; }
function rate(now, then, name) {
  const end = value(now, name), begin = value(then, name);
  if (end === undefined || begin === undefined || now.at <= then.at) return undefined;
  return grown(end, begin) / (now.at - then.at);
}

// The buckets of a histogram that were filled between two samples: [[upper bound, count], ...]
function filled(now, then, name) {
  const result = [];
  let below = 0;
  for (const row of rows(now, name + '_bucket')) {
    const bound = row.labels.le === '+Inf' ? Infinity : Number(row.labels.le);
    const total = then ? grown(row.value, before(then, name + '_bucket', row.labels)) : row.value;
    result.push([bound, Math.max(0, total - below)]);
    below = Math.max(below, total);
  }
  return result;
}
function quantile(buckets, part) {
  const all = buckets.reduce((sum, bucket) => sum + bucket[1], 0);
  if (!all) return undefined;
  let left = part * all, lower = 0;
  for (const [bound, count] of buckets) {
    if (left <= count && count > 0) return bound === Infinity ? lower : lower + (bound - lower) * left / count;
    left -= count;
    if (bound !== Infinity) lower = bound;
  }
  return lower;
}

// ---- Numbers for people

function count(n) {
  if (n === undefined) return '–';
  if (n >= 1e9) return (n / 1e9).toFixed(2) + ' G';
  if (n >= 1e6) return (n / 1e6).toFixed(2) + ' M';
  if (n >= 1e4) return (n / 1e3).toFixed(1).replace('.0', '') + ' k';
  return n >= 100 || Number.isInteger(n) ? String(Math.round(n)) : n.toFixed(1);
}
function bytes(n) {
  if (n === undefined) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (n >= 1024 && unit < 4) { n /= 1024; unit++; }
  return (unit && n < 100 ? n.toFixed(1) : Math.round(n)) + ' ' + units[unit];
}
function seconds(n) {
  if (n === undefined) return '–';
  if (n < 1e-3) return (n * 1e6).toFixed(n < 1e-5 ? 1 : 0) + ' µs';
  if (n < 1) return (n * 1e3).toFixed(n < 1e-2 ? 1 : 0) + ' ms';
  if (n < 120) return n.toFixed(1) + ' s';
  if (n < 7200) return Math.floor(n / 60) + ' min';
  return n < 172800 ? Math.floor(n / 3600) + ' h ' + Math.floor(n % 3600 / 60) + ' min' : Math.floor(n / 86400) + ' days';
}

// ---- Drawings

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
function canvas(id) {
  const element = $(id), ratio = devicePixelRatio || 1, width = element.clientWidth, height = element.clientHeight;
  element.width = width * ratio;
  element.height = height * ratio;
  const context = element.getContext('2d');
  context.scale(ratio, ratio);
  context.font = '11px system-ui, sans-serif';
  return {element, context, width, height};
}
function lines(id, series, show) {
  const {element, context, width, height} = canvas(id), left = 56, bottom = 4, top = 12;
  const top_value = Math.max(1, ...series.flatMap(one => one.values.filter(v => v !== undefined)));
  context.fillStyle = colour('--soft');
  context.strokeStyle = colour('--line');
  for (const part of [0, .5, 1]) {
    const y = top + (height - top - bottom) * (1 - part);
    context.beginPath(); context.moveTo(left, y); context.lineTo(width, y); context.stroke();
    context.fillText(show(top_value * part), 0, Math.min(height - 2, y + 4));
  }
  for (const one of series) {
    context.strokeStyle = colour(one.colour);
    context.lineWidth = 1.6;
    context.beginPath();
    let drawing = false;
    one.values.forEach((v, index) => {
      if (v === undefined) { drawing = false; return; }
      const x = width - (one.values.length - 1 - index) * (width - left) / (most - 1);
      const y = top + (height - top - bottom) * (1 - v / top_value);
      drawing ? context.lineTo(x, y) : context.moveTo(x, y);
      drawing = true;
    });
    context.stroke();
  }
  const last = series.map(one => one.name + ' ' + show(one.values[one.values.length - 1]));
  element.setAttribute('aria-label', last.join(', '));
  $(id + '-key').replaceChildren(...series.flatMap((one, index) => {
    const mark = document.createElement('i');
    mark.style.background = colour(one.colour);
    return [mark, last[index]];
  }));
}

// One column for each sample, one row for each power of two of a microsecond; darker is more.
function heat() {
  const {element, context, width, height} = canvas('heat'), left = 56, bottom = 4, levels = 24;
  const cell = (width - left) / (most - 1), step = (height - bottom) / levels, base = colour('--heat');
  samples.forEach((sample, index) => {
    if (!sample.heat) return;
    const sums = new Array(levels).fill(0);
    for (const [bound, n] of sample.heat) {
      const level = bound === Infinity ? levels - 1 : Math.ceil(Math.log2(bound * 1e6));
      sums[Math.min(levels - 1, Math.max(0, level))] += n;
    }
    const all = sums.reduce((a, b) => a + b, 0);
    const x = width - (samples.length - index) * cell;
    sums.forEach((n, level) => {
      if (!n) return;
      context.fillStyle = `rgba(${base}, ${.15 + .85 * Math.sqrt(n / all)})`;
      context.fillRect(x, height - bottom - (level + 1) * step, Math.ceil(cell), Math.ceil(step));
    });
  });
  context.fillStyle = colour('--soft');
  for (const [level, name] of [[0, '1 µs'], [10, '1 ms'], [20, '1 s']])
    context.fillText(name, 0, height - bottom - level * step - 2);
  const sample = samples[samples.length - 1];
  const text = sample && sample.heat
    ? `p50 ${seconds(quantile(sample.heat, .5))}, p99 ${seconds(quantile(sample.heat, .99))} in the last interval` : 'not measured';
  element.setAttribute('aria-label', 'time of handlers: ' + text);
  $('heat-key').textContent = text;
}

// ---- Tables

function cell(kind, text) {
  const element = document.createElement(kind);
  element.textContent = text;
  return element;
}
function table(id, heads, body) {
  if (!body.length) {
    const none = cell('p', 'none');
    none.className = 'none';
    $(id).replaceChildren(none);
    return;
  }
  const element = document.createElement('table'), head = document.createElement('tr');
  for (const name of heads) head.append(cell('th', name));
  element.append(head);
  for (const row of body) {
    const line = document.createElement('tr');
    for (const one of row) {
      if (typeof one === 'object') {
        const bar = cell('td', ''), inner = document.createElement('div');
        bar.className = 'bar';
        inner.style.width = Math.round(one.part * 100) + '%';
        bar.append(inner);
        line.append(bar);
      } else line.append(cell('td', one));
    }
    element.append(line);
  }
  $(id).replaceChildren(element);
}
function bars(id, name, label, now, then) {
  const found = rows(now, name).filter(row => row.value > 0).sort((a, b) => b.value - a.value);
  const largest = Math.max(1, ...found.map(row => row.value));
  const span = then ? now.at - then.at : 0;
  table(id, then ? [label, 'number', 'a second', ''] : [label, 'number', ''], found.map(row => {
    const cells = [row.labels[label], count(row.value)];
    if (then) cells.push(span > 0 ? count(grown(row.value, before(then, name, row.labels)) / span) : '–');
    return [...cells, {part: row.value / largest}];
  }));
}

function tiles(now, then) {
  const info = (rows(now, 'build_info')[0] || {labels: {}}).labels, handler = now.heat || [];
  const turn = filled(now, then, 'turn_seconds');
  const used = value(now, 'descriptors_open'), limit = value(now, 'descriptors_limit');
  const buffer = value(now, 'buffer_bytes'), most_buffer = value(now, 'buffer_limit_bytes');
  const stalls = value(now, 'stalls_total');
  const shown = [
    ['open connections', count(value(now, 'connections_open'))],
    ['accepted a second', count(rate(now, then, 'connections_accepted_total'))],
    ['lines a second', count(rate(now, then, 'lines_total'))],
    ['handler, p99', seconds(quantile(handler, .99))],
    ['turn of the loop, p99', seconds(quantile(turn, .99))],
    ['stalls', count(stalls), stalls > 0],
    ['waiting at the gate', count(value(now, 'connections_waiting'))],
    ['descriptors' + (limit ? ', of ' + count(limit) : ''), count(used), used > .9 * limit],
    ['buffers' + (most_buffer ? ', of ' + bytes(most_buffer) : ''), bytes(buffer), most_buffer > 0 && buffer > .9 * most_buffer],
    ['memory', bytes(value(now, 'resident_memory_bytes'))],
    ['up for', seconds(value(now, 'start_time_seconds') === undefined ? undefined : Date.now() / 1000 - value(now, 'start_time_seconds'))],
  ];
  $('name').textContent = document.title = [info.program || 'reactord', info.version].filter(Boolean).join(' ');
  $('tiles').replaceChildren(...shown.map(([name, text, bad]) => {
    const tile = document.createElement('div');
    if (bad) tile.className = 'bad';
    tile.append(cell('b', text), cell('span', name));
    return tile;
  }));
}

function tables(now, then) {
  bars('states', 'connections_in_state', 'state', now);
  bars('causes', 'connections_ended_total', 'cause', now, then);
  table('listeners', ['address', 'protocol', 'accepted', 'open'], rows(now, 'listener_accepted_total').map(row =>
    [row.labels.listener, row.labels.protocol, count(row.value), count(before(now, 'listener_connections', row.labels))]));
  table('limits', ['limit', 'what became of it', 'times'], rows(now, 'limit_reached_total').filter(row => row.value > 0)
    .map(row => [row.labels.limit, row.labels.action, count(row.value)])
    .concat(rows(now, 'accept_pauses_total').filter(row => row.value > 0).map(row => ['accept', row.labels.error, count(row.value)])));
  table('programs', ['program', 'processes', 'open lines', 'starts'], rows(now, 'program_processes').map(row =>
    [row.labels.program, count(row.value), count(before(now, 'program_open_lines', row.labels)),
     count(before(now, 'program_starts_total', row.labels))]));
  const reload = value(now, 'last_reload_timestamp_seconds');
  table('log', ['', 'number'], rows(now, 'log_lines_total').map(row => ['lines ' + row.labels.result, count(row.value)])
    .concat(rows(now, 'reloads_total').map(row => ['reloads ' + row.labels.result, count(row.value)]))
    .concat(reload ? [['last reload', new Date(reload * 1000).toLocaleString()]] : []));
}

// ---- The course

function series(name) { return samples.map((sample, index) => index ? rate(sample, samples[index - 1], name) : undefined); }
function gauge(name) { return samples.map(sample => value(sample, name)); }

function draw() {
  const now = samples[samples.length - 1], then = samples[samples.length - 2];
  if (!now) return;
  tiles(now, then);
  tables(now, then);
  lines('rate', [{name: 'lines', colour: '--one', values: series('lines_total')}], count);
  lines('coming', [{name: 'accepted', colour: '--one', values: series('connections_accepted_total')},
                   {name: 'ended', colour: '--two', values: series('connections_ended_total')}], count);
  lines('bytes', [{name: 'in', colour: '--one', values: series('received_bytes_total')},
                  {name: 'out', colour: '--two', values: series('sent_bytes_total')}], bytes);
  lines('memory', [{name: 'resident', colour: '--one', values: gauge('resident_memory_bytes')},
                   {name: 'buffers', colour: '--two', values: gauge('buffer_bytes')}], bytes);
  heat();
}

function say(text, bad) {
  if ($('state').textContent !== text) $('state').textContent = text;
  $('state').className = bad ? 'bad' : '';
}

async function ask() {
  try {
    const answer = await fetch('metrics', {cache: 'no-store', signal: AbortSignal.timeout(5000)});
    if (!answer.ok) throw new Error(answer.status + ' ' + answer.statusText);
    const families = parse(await answer.text());
    const sample = {at: performance.now() / 1000, families};
    sample.heat = families.has('reactord_handler_seconds_bucket')
      ? filled(sample, samples[samples.length - 1], 'handler_seconds') : null;
    samples.push(sample);
    if (samples.length > most) samples.shift();
    // A compared histogram is not kept: only the numbers that are drawn are.
    if (samples.length > 2) for (const name of [...samples[samples.length - 3].families.keys()])
      if (/_bucket$/.test(name)) samples[samples.length - 3].families.delete(name);
    failedSince = 0;
    say(value(sample, 'draining') ? 'draining: it accepts nobody any more' : 'serving', false);
    draw();
  } catch (error) {
    failedSince = failedSince || Date.now();
    say('no answer since ' + new Date(failedSince).toLocaleTimeString() + ': ' + error.message, true);
  }
}
async function turn() {
  clearTimeout(timer);
  if (paused || asking) return;
  const began = performance.now();
  asking = true;
  if (!document.hidden) await ask();
  asking = false;
  if (!paused) timer = setTimeout(turn, Math.max(100, paces[pace] * 1000 - (performance.now() - began)));
}

function pause() {
  paused = !paused;
  $('pause').textContent = paused ? 'Go on' : 'Pause';
  if (paused) say('paused', false); else turn();
}
function next_pace() {
  pace = (pace + 1) % paces.length;
  $('pace').textContent = 'Every ' + paces[pace] + ' s';
  turn();
}
function next_theme() {
  const root = document.documentElement, themes = ['', 'light', 'dark'];
  const theme = themes[(themes.indexOf(root.dataset.theme || '') + 1) % 3];
  if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  $('theme').textContent = 'Theme: ' + (theme || 'system');
  draw();
}
$('pause').onclick = pause;
$('pace').onclick = next_pace;
$('theme').onclick = next_theme;
addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const action = {p: pause, i: next_pace, t: next_theme}[event.key];
  if (action) action();
});
addEventListener('resize', draw);
document.addEventListener('visibilitychange', () => { if (!document.hidden) turn(); });
turn();
)script";

}  // namespace

std::string_view status_script() noexcept { return script; }

}  // namespace reactord
