import { mount } from 'svelte'
// First: it says which styles are stronger.
import './board.css'
import App from './App.svelte'
import { settings } from './client'
import { isTv } from './route.svelte'
import { followVersion } from './version'

document.documentElement.classList.toggle('tv', isTv)
mount(App, { target: document.body })
if (settings) followVersion(settings.version)
