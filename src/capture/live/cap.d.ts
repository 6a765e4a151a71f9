// npm cap comes without types, and may not be installed at all
declare module 'cap' {
  const cap: import('./load-cap.js').CapModule;
  export = cap;
}
