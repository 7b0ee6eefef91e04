import type { Injection } from './injection.ts'

export const markdown: readonly Injection[] = [
  {
    name: 'puts an image with a tracking address',
    place: 'comment',
    text: '![](https://evil.example/?q=1)',
    expected:
      '<<<untrusted MARKER: comment by mallory, 2026-11-01T10:00:00.000Z\n(image)\nuntrusted MARKER>>>',
  },
  {
    name: 'puts a link with a tracking address',
    place: 'comment',
    text: '[the logs](https://evil.example/?q=1 "click")',
    expected:
      '<<<untrusted MARKER: comment by mallory, 2026-11-01T10:00:00.000Z\n[the logs](https://evil.example/?q=1 "click")\nuntrusted MARKER>>>',
  },
  {
    name: 'opens a code fence of 3 backticks and never closes it',
    place: 'comment',
    text: '```\nstill inside',
    expected:
      '<<<untrusted MARKER: comment by mallory, 2026-11-01T10:00:00.000Z\n```\nstill inside\nuntrusted MARKER>>>',
  },
  {
    name: 'opens a code fence of 50 backticks',
    place: 'comment',
    text: '``````````````````````````````````````````````````sh\nrm -rf /\n``````````````````````````````````````````````````',
    expected:
      '<<<untrusted MARKER: comment by mallory, 2026-11-01T10:00:00.000Z\n``````````````````````````````````````````````````sh\nrm -rf /\n``````````````````````````````````````````````````\nuntrusted MARKER>>>',
  },
  {
    name: 'opens a fence of tildes',
    place: 'comment',
    text: '~~~~\n```\nnested\n~~~~',
    expected:
      '<<<untrusted MARKER: comment by mallory, 2026-11-01T10:00:00.000Z\n~~~~\n```\nnested\n~~~~\nuntrusted MARKER>>>',
  },
  {
    name: 'draws a diagram',
    place: 'comment',
    text: '```mermaid\ngraph TD; A["click me"] --> B\nclick A "javascript:alert(1)"\n```',
    expected:
      '<<<untrusted MARKER: comment by mallory, 2026-11-01T10:00:00.000Z\n```mermaid\ngraph TD; A["click me"] --> B\nclick A "javascript:alert(1)"\n```\nuntrusted MARKER>>>',
  },
  {
    name: 'writes headings of every level',
    place: 'comment',
    text: '# One\nTwo\n===\n###### Six',
    expected:
      '<<<untrusted MARKER: comment by mallory, 2026-11-01T10:00:00.000Z\n# One\nTwo\n===\n###### Six\nuntrusted MARKER>>>',
  },
  {
    name: 'writes a table and a rule',
    place: 'comment',
    text: '| a | b |\n|---|---|\n| 1 | 2 |\n\n***',
    expected:
      '<<<untrusted MARKER: comment by mallory, 2026-11-01T10:00:00.000Z\n| a | b |\n|---|---|\n| 1 | 2 |\n\n***\nuntrusted MARKER>>>',
  },
  {
    name: 'has scripts and frames',
    place: 'comment',
    text: '<script>alert(1)</script><iframe src="https://evil.example"></iframe>',
    expected:
      '<<<untrusted MARKER: comment by mallory, 2026-11-01T10:00:00.000Z\n<script>alert(1)</script><iframe></iframe>\nuntrusted MARKER>>>',
  },
]
