import { inject, onScopeDispose, shallowReactive } from 'vue'
import type { InjectionKey } from 'vue'

import type { Command } from './commands.ts'

/** What is on the page offers commands of its own in the palette. */
export type PageCommands = Set<() => readonly Command[]>
export const pageCommandsKey: InjectionKey<PageCommands> = Symbol('page commands')

export function createPageCommands(): PageCommands {
  return shallowReactive(new Set())
}

export function usePageCommands(): PageCommands {
  const commands = inject(pageCommandsKey)
  if (!commands) throw new Error('No commands of the page were provided')
  return commands
}

/** Offers commands for as long as the calling component lives. */
export function useCommands(commands: () => readonly Command[]): void {
  const offered = usePageCommands()
  offered.add(commands)
  onScopeDispose(() => offered.delete(commands))
}
