/** What GitHub says of a protected branch; git shows it after `GH006`, the API in `message`. */
export const protectionWords = {
  force: 'Cannot force-push to this branch',
  delete: 'Cannot delete this protected branch',
  direct: 'Changes must be made through a pull request.',
} as const
