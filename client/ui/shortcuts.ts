import { onScopeDispose } from 'vue'

export interface Shortcut {
  /** As pressed one after the other: `g j`, `?`, `/`. Letters are lower case. */
  keys: string
  says: string
  run(): void
}

/** Keys of a sequence have to follow each other within this time. */
const sequenceMs = 1_000

/**
 * Runs shortcuts while the calling component lives: not while somebody types, and not with Ctrl, Alt or Meta, which belong to the
 * browser.
 */
export function useShortcuts(shortcuts: () => readonly Shortcut[]): void {
  let pressed = ''
  let timer: ReturnType<typeof setTimeout> | undefined

  function onKey(event: KeyboardEvent) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || takesText(event.target)) return
    if (document.querySelector('[role=dialog]')) return
    const found = matchKey(shortcuts(), pressed, event.key)
    pressed = found.pressed
    clearTimeout(timer)
    timer = setTimeout(() => (pressed = ''), sequenceMs)
    if (!found.shortcut) return
    event.preventDefault()
    found.shortcut.run()
  }
  addEventListener('keydown', onKey)
  onScopeDispose(() => {
    clearTimeout(timer)
    removeEventListener('keydown', onKey)
  })
}

/** The shortcut that a key completes, and what has been pressed of the next one. */
export function matchKey(
  shortcuts: readonly Shortcut[],
  pressed: string,
  key: string,
): { shortcut: Shortcut | undefined; pressed: string } {
  for (const sequence of pressed ? [`${pressed} ${key}`, key] : [key]) {
    const shortcut = shortcuts.find(({ keys }) => keys === sequence)
    if (shortcut) return { shortcut, pressed: '' }
    if (shortcuts.some(({ keys }) => keys.startsWith(`${sequence} `))) return { shortcut: undefined, pressed: sequence }
  }
  return { shortcut: undefined, pressed: '' }
}

function takesText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
  )
}
