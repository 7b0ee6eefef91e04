import { EMPTY_TREE, NO_OBJECT } from './objects.ts'
import { protectionWords } from './words.ts'

/**
 * The hooks of every repository, in plain sh. They learn about the push from four variables that the HTTP
 * side sets: LOCAL_GITHUB_PUSH (a path; what they record goes to `<path>.refused` and `<path>.moved`),
 * LOCAL_GITHUB_WORKFLOWS (1: may write workflow files), LOCAL_GITHUB_PROTECTED and LOCAL_GITHUB_PULL_ONLY (branch
 * names, one a line: not to be rewritten or deleted; not to be moved at all).
 */
export const PUSH_VARIABLE = 'LOCAL_GITHUB_PUSH'
export const WORKFLOWS_VARIABLE = 'LOCAL_GITHUB_WORKFLOWS'
export const PROTECTED_VARIABLE = 'LOCAL_GITHUB_PROTECTED'
export const PULL_ONLY_VARIABLE = 'LOCAL_GITHUB_PULL_ONLY'

/**
 * A workflow file counts as touched when it differs from where the branch was (for a new branch: from the
 * default branch) and is not what the default branch has. So a new branch from a base older than a change of
 * CI is refused, and merging the default branch makes it pass, as on GitHub.
 */
export const PRE_RECEIVE = `#!/bin/sh
[ -n "$${PUSH_VARIABLE}" ] || exit 0
[ "$${WORKFLOWS_VARIABLE}" = 1 ] && [ -z "$${PROTECTED_VARIABLE}" ] && exit 0
none=${NO_OBJECT}
main=$(git rev-parse -q --verify HEAD) || main=${EMPTY_TREE}
failed=0

refuse() {
  printf '%s\\t%s\\n' "$1" "$2" >>"$${PUSH_VARIABLE}.refused"
  failed=1
}

workflows() {
  git diff-tree -r --no-renames --name-only "$1" "$2" -- .github/workflows/
}

listed() {
  case $2 in refs/heads/*) printf '%s\\n' "$1" | grep -Fqx -e "\${2#refs/heads/}" ;; *) return 1 ;; esac
}

decline() {
  echo "error: GH006: Protected branch update failed for $1." >&2
  echo "" >&2
  echo "- $2" >&2
  refuse "$1" "protected branch hook declined"
}

while read -r old new ref; do
  if listed "$${PROTECTED_VARIABLE}" "$ref" && [ "$old" != "$none" ]; then
    if [ "$new" = "$none" ]; then
      decline "$ref" "${protectionWords.delete}"
    elif ! git merge-base --is-ancestor "$old" "$new"; then
      decline "$ref" "${protectionWords.force}"
    elif listed "$${PULL_ONLY_VARIABLE}" "$ref"; then
      decline "$ref" "${protectionWords.direct}"
    fi
  fi
  if [ "$${WORKFLOWS_VARIABLE}" != 1 ] && [ "$new" != "$none" ]; then
    from=$old
    [ "$from" = "$none" ] && from=$main
    touched=$(workflows "$from" "$new") || exit 1
    if [ -n "$touched" ] && [ "$from" != "$main" ]; then
      foreign=$(workflows "$main" "$new") || exit 1
      touched=$(printf '%s\\n' "$touched" | grep -Fx -e "$foreign")
      [ -n "$foreign" ] || touched=
    fi
    file=$(printf '%s\\n' "$touched" | head -n 1)
    [ -z "$file" ] || refuse "$ref" "refusing to allow a GitHub App to create or update workflow \\\`$file\\\` without \\\`workflows\\\` permission"
  fi
done
exit $failed
`

/** Git gives this hook the refs that really moved, each with the value it replaced under the ref's lock. */
export const POST_RECEIVE = `#!/bin/sh
if [ -n "$${PUSH_VARIABLE}" ]; then cat >"$${PUSH_VARIABLE}.moved"; else cat >/dev/null; fi
`
