// Stands in for Razorpay's checkout.js. With a callback_url the browser goes to the hosted page
// and comes back by a form; without one the page opens in a frame and the handler is called.
(function () {
  'use strict';
  const home = new URL('../checkout/', document.currentScript.src);

  function Razorpay(options) {
    if (!(this instanceof Razorpay)) return new Razorpay(options);
    if (!options || !options.key || !options.order_id) throw new Error('razorpay: key and order_id are required');
    this.options = options;
    this.listeners = {};
  }

  Razorpay.prototype.on = function (event, listener) { this.listeners[event] = listener; };

  Razorpay.prototype.open = function () {
    const o = this.options;
    const page = new URL(encodeURIComponent(o.order_id), home);
    const set = (name, value) => { if (value) page.searchParams.set(name, value); };
    set('key', o.key);
    set('name', o.name);
    set('description', o.description);
    if (o.timeout) set('until', Date.now() + o.timeout * 1000);
    if (o.notes) set('notes', JSON.stringify(o.notes));
    if (o.callback_url) {
      set('callback_url', o.callback_url);
      set('cancel', location.href);
      location.assign(page);
      return;
    }
    set('framed', 'yes');
    const frame = document.createElement('iframe');
    frame.src = page;
    frame.title = 'Razorpay';
    frame.style.cssText = 'position:fixed;inset:0;width:100%;height:100%;border:0;background:#fff;z-index:2147483647';
    const close = () => { frame.remove(); removeEventListener('message', listen); };
    const listen = (event) => {
      if (event.source !== frame.contentWindow || event.origin !== home.origin) return;
      close();
      if (event.data.razorpay_payment_id) {
        if (o.handler) o.handler(event.data);
      } else if (o.modal && o.modal.ondismiss) {
        o.modal.ondismiss();
      }
    };
    addEventListener('message', listen);
    document.body.append(frame);
    this.close = close;
  };

  window.Razorpay = Razorpay;
})();
