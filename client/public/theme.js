// Runs before the first paint, from a file of its own because the page allows no inline script. ui/theme.ts goes on from here.
;(() => {
  let stored = null
  try {
    stored = localStorage.getItem('mailquarry.theme')
  } catch {
    // Storage may be closed to us: then the system's choice holds.
  }
  const dark = stored ? stored === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  document.documentElement.classList.toggle('dark', dark)
})()
