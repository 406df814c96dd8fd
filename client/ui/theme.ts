import { computed, ref } from 'vue'
import type { ComputedRef, Ref } from 'vue'

export type ThemeChoice = 'system' | 'light' | 'dark'

const key = 'mailquarry.theme'
const systemIsDark = matchMedia('(prefers-color-scheme: dark)')
const choice = ref<ThemeChoice>(storedChoice())
const dark = ref(isDark())

systemIsDark.addEventListener('change', apply)
// Another tab has changed it.
addEventListener('storage', (event) => {
  if (event.key !== key) return
  choice.value = storedChoice()
  apply()
})

/** Light or dark: the system's choice unless the user has made one. public/theme.js sets the class for the first paint. */
export function useTheme(): { choice: Ref<ThemeChoice>; dark: ComputedRef<boolean>; choose(next: ThemeChoice): void } {
  return {
    choice,
    dark: computed(() => dark.value),
    choose(next) {
      choice.value = next
      try {
        if (next === 'system') localStorage.removeItem(key)
        else localStorage.setItem(key, next)
      } catch {
        // Without storage the choice lasts as long as the page.
      }
      apply()
    },
  }
}

function apply() {
  dark.value = isDark()
  document.documentElement.classList.toggle('dark', dark.value)
}

function isDark(): boolean {
  return choice.value === 'system' ? systemIsDark.matches : choice.value === 'dark'
}

function storedChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(key)
    return stored === 'light' || stored === 'dark' ? stored : 'system'
  } catch {
    return 'system'
  }
}
