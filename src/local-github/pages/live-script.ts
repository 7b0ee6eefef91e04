/**
 * Keeps a page up to date: asks every 1.5 s for the page by its tag and swaps the regions marked `data-live`
 * that differ, but none that somebody is typing in. Forms marked `data-quiet` are sent without leaving the
 * page; a refusal is shown by sending them the plain way. Without scripts every form works by itself.
 */
export const LIVE_SCRIPT = `'use strict'
let tag = document.body.dataset.tag
const fields = 'textarea, input:not([type=hidden]), select'
const isBusy = (region) =>
  [...region.querySelectorAll(fields)].some((field) =>
    field === document.activeElement || (field.defaultValue !== undefined && field.value !== field.defaultValue))

async function refresh() {
  const answer = await fetch(location.href, { headers: { 'if-none-match': tag } })
  if (answer.status !== 200) return
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html')
  let complete = true
  for (const region of document.querySelectorAll('[data-live]')) {
    const other = next.getElementById(region.id)
    if (!other || other.innerHTML === region.innerHTML) continue
    if (isBusy(region)) { complete = false; continue }
    for (const details of region.querySelectorAll('details[id]')) {
      const twin = other.querySelector('#' + CSS.escape(details.id))
      if (twin) twin.open = details.open
    }
    region.replaceWith(document.adoptNode(other))
  }
  if (complete) tag = next.body.dataset.tag
}

const keepUp = () => { if (!document.hidden) refresh().catch(() => undefined) }
setInterval(keepUp, 1500)
document.addEventListener('visibilitychange', keepUp)
document.addEventListener('submit', async (event) => {
  const form = event.target
  if (!form.matches('[data-quiet]')) return
  event.preventDefault()
  const body = new URLSearchParams(new FormData(form, event.submitter))
  const answer = await fetch(form.action, { method: 'POST', body }).catch(() => undefined)
  if (answer && answer.ok) return refresh()
  const name = document.createElement('input')
  Object.assign(name, { type: 'hidden', name: event.submitter.name, value: event.submitter.value })
  form.append(name)
  form.submit()
})
document.addEventListener('click', (event) => {
  const menu = document.getElementById('you')
  if (menu && !menu.contains(event.target)) menu.open = false
})
`
