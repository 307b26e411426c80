// The first format of Intl in a process takes long, because the browser lists its locales:
// a slow phone's page would stand still for an eighth of a second. Here another core does
// it, and the page's formats are quick then.
new Intl.NumberFormat();
postMessage('ready');
