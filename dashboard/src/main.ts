import { mount } from 'svelte'
// First: it says which styles are stronger.
import './board.css'
import App from './App.svelte'
import { isTv } from './route.svelte'

document.documentElement.classList.toggle('tv', isTv)
mount(App, { target: document.body })
