import type { FileChange } from '../../git/host.ts'
import { type Html, html } from '../html.ts'

/** Longer patches are counted, not shown. */
const MOST_LINES = 3_000

/** Each changed file with its patch, coloured, with the line numbers of both sides. */
export function renderFiles(files: readonly FileChange[]): Html {
  const additions = files.reduce((sum, file) => sum + file.additions, 0)
  const deletions = files.reduce((sum, file) => sum + file.deletions, 0)
  return html`<p class="small muted">${files.length} ${files.length === 1 ? 'file' : 'files'} changed <span class="plus">+${additions}</span> <span class="minus">−${deletions}</span></p>
    ${files.map((file, index) => renderFile(file, index))}`
}

function renderFile(file: FileChange, index: number): Html {
  const name = file.previousPath === null ? file.path : `${file.previousPath} → ${file.path}`
  return html`<details class="box diff" id="file-${index}" open><summary class="box-head"><code class="grow">${name}</code>
    ${file.status !== 'modified' && html`<span class="badge">${file.status}</span>`}<span class="small"><span class="plus">+${file.additions}</span> <span class="minus">−${file.deletions}</span></span></summary>
    ${renderPatch(file)}</details>`
}

function renderPatch(file: FileChange): Html {
  if (file.binary) return html`<p class="empty">Binary file.</p>`
  if (file.patch === null) return html`<p class="empty">No lines changed.</p>`
  const lines = file.patch.split('\n')
  if (lines.length > MOST_LINES) return html`<p class="empty">${lines.length} lines are too many to show.</p>`
  let [old, fresh] = [0, 0]
  const rows = lines.map((line) => {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)/.exec(line)
    if (hunk) {
      ;[old, fresh] = [Number(hunk[1]), Number(hunk[2])]
      return row('hunk', '', '', line)
    }
    if (line.startsWith('+')) return row('added', '', fresh++, line)
    if (line.startsWith('-')) return row('removed', old++, '', line)
    if (line.startsWith('\\')) return row('hunk', '', '', line)
    return row('', old++, fresh++, line)
  })
  return html`<div class="scroll"><table class="source"><tbody>${rows}</tbody></table></div>`
}

function row(kind: string, old: number | '', fresh: number | '', line: string): Html {
  return html`<tr class="${kind}"><td class="number">${old}</td><td class="number">${fresh}</td><td class="code">${line}</td></tr>`
}
