#include "daemon/status_page.hpp"

#include "daemon/status_script.hpp"

namespace reactord {
namespace {

constexpr std::string_view before_script = R"page(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>reactord</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #16191d; --soft: #5b6470; --line: #d9dde3;
  --one: #1f6feb; --two: #b4540a; --bad: #b42318; --heat: 31, 111, 235; }
@media (prefers-color-scheme: dark) { :root { --page: #0f1216; --card: #181c22; --text: #e8eaed; --soft: #9aa4b1; --line: #2c333d;
  --one: #6cb0ff; --two: #f0a35e; --bad: #ff8a80; --heat: 108, 176, 255; } }
:root[data-theme=light] { color-scheme: light; --page: #f6f7f9; --card: #fff; --text: #16191d; --soft: #5b6470; --line: #d9dde3;
  --one: #1f6feb; --two: #b4540a; --bad: #b42318; --heat: 31, 111, 235; }
:root[data-theme=dark] { color-scheme: dark; --page: #0f1216; --card: #181c22; --text: #e8eaed; --soft: #9aa4b1; --line: #2c333d;
  --one: #6cb0ff; --two: #f0a35e; --bad: #ff8a80; --heat: 108, 176, 255; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
header, main { max-width: 88rem; margin: 0 auto; padding: .75rem 1rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
h1 { font-size: 1.15rem; margin: 0; }
h2 { font-size: .95rem; margin: 0 0 .5rem; }
#state { color: var(--soft); flex: 1 1 12rem; }
#state.bad { color: var(--bad); font-weight: 600; }
button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .4rem;
  padding: .3rem .7rem; min-height: 2.2rem; cursor: pointer; }
button:focus-visible, summary:focus-visible { outline: 3px solid var(--one); outline-offset: 2px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; margin-bottom: .6rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: .6rem; }
.tiles > div, section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem .8rem; min-width: 0; }
.tiles b { display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.tiles span, .key, caption { color: var(--soft); font-size: .82rem; }
.tiles .bad b { color: var(--bad); }
canvas { width: 100%; height: 9rem; display: block; }
.key i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin: 0 .3em 0 .9em; vertical-align: -1px; }
.key i:first-child { margin-left: 0; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .15rem .3rem; border-top: 1px solid var(--line); font-weight: 400; }
th { color: var(--soft); font-size: .82rem; border-top: 0; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
td.bar { width: 30%; }
td.bar div { height: .7em; border-radius: 2px; background: var(--one); min-width: 1px; }
.scroll { overflow-x: auto; }
.none { color: var(--soft); }
</style>
<header>
  <h1 id="name">reactord</h1>
  <span id="state" role="status">asking the daemon</span>
  <button id="pause" aria-keyshortcuts="p">Pause</button>
  <button id="pace" aria-keyshortcuts="i">Every 1 s</button>
  <button id="theme" aria-keyshortcuts="t">Theme: system</button>
</header>
<main>
  <div class="tiles" id="tiles"></div>
  <div class="cards">
    <section><h2>Lines a second</h2><canvas id="rate" role="img"></canvas><div class="key" id="rate-key"></div></section>
    <section><h2>Time of handlers</h2><canvas id="heat" role="img"></canvas><div class="key" id="heat-key"></div></section>
    <section><h2>Connections a second</h2><canvas id="coming" role="img"></canvas><div class="key" id="coming-key"></div></section>
    <section><h2>Bytes a second</h2><canvas id="bytes" role="img"></canvas><div class="key" id="bytes-key"></div></section>
    <section><h2>Memory</h2><canvas id="memory" role="img"></canvas><div class="key" id="memory-key"></div></section>
    <section><h2>Connections by state</h2><div id="states"></div></section>
    <section><h2>Ends by cause</h2><div id="causes"></div></section>
    <section><h2>Listeners</h2><div class="scroll" id="listeners"></div></section>
    <section><h2>Limits that were reached</h2><div class="scroll" id="limits"></div></section>
    <section><h2>Programs</h2><div class="scroll" id="programs"></div></section>
    <section><h2>Log and reloads</h2><div class="scroll" id="log"></div></section>
  </div>
</main>
<script>
)page";
constexpr std::string_view behind_script = "</script>\n</html>\n";

}  // namespace

std::string status_page() {
  std::string page(before_script);
  page.append(status_script()).append(behind_script);
  return page;
}

}  // namespace reactord
