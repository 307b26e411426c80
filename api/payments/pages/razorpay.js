// The page that opens Razorpay's checkout. Afterward Razorpay sends the browser to our return
// address, by a form, and that leads to the booking. The key of the booking is taken off the
// address bar at once and travels along, so that a browser without a log-in sees the booking.
// This tab keeps it: a customer who has not paid comes back from Razorpay without it.
(function () {
  'use strict';
  const message = document.getElementById('message');
  const button = document.getElementById('pay');
  const data = document.getElementById('main').dataset;
  const given = new URLSearchParams(location.search).get('key');
  const kept = 'key of ' + data.booking;
  let key = given;
  try {
    if (given) sessionStorage.setItem(kept, given);
    else key = sessionStorage.getItem(kept);
  } catch {
    // A browser that stores nothing shows the booking after a log-in.
  }
  const query = key ? '?key=' + encodeURIComponent(key) : '';
  history.replaceState(null, '', location.pathname);
  if (key) document.getElementById('back').href += query;

  const say = (text) => { message.textContent = text; };
  if (!window.Razorpay) return say('The payment form could not be loaded. Check your connection and try again.');

  const back = new URLSearchParams({ order: data.order });
  if (key) back.set('key', key);
  const end = Date.now() + Number(data.left) * 1000;
  const options = (left) => ({
    key: data.key,
    order_id: data.order,
    amount: Number(data.amount),
    currency: data.currency,
    name: 'Boxoffice',
    notes: { booking_id: data.booking },
    timeout: left,
    callback_url: location.origin + '/pay/razorpay/return?' + back,
    redirect: true,
    modal: {
      ondismiss: () => {
        button.disabled = false;
        say('You have not paid yet.');
      },
    },
  });
  const open = () => {
    const left = Math.floor((end - Date.now()) / 1000);
    // The page may stand open longer than the seats are held.
    if (left < 0) return location.assign(document.getElementById('back').href);
    button.disabled = true;
    say('Opening Razorpay…');
    new window.Razorpay(options(Math.max(1, left))).open();
  };
  button.hidden = false;
  button.addEventListener('click', open);
  // A browser that comes back by its history shows the page as it was left.
  window.addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    button.disabled = false;
    say('You have not paid yet.');
  });
  say('');
  // Who came to pay sees the form at once. Who came back by the history is not sent on again.
  if (performance.getEntriesByType('navigation')[0]?.type === 'navigate') open();
})();
