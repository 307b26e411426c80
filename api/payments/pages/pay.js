// The page to pay at. The payment's client secret arrives in the address's
// fragment, which browsers do not send to any server; it is taken off the
// address bar at once, with the key of the booking. After 3-D Secure, Stripe brings the
// customer to the booking; a page of the release before is brought here, with the secret
// in the query.
(async function () {
  'use strict';
  const message = document.getElementById('message');
  const say = (text) => { message.textContent = text; };
  const fromFragment = decodeURIComponent(location.hash.slice(1));
  const fromStripe = new URLSearchParams(location.search).get('payment_intent_client_secret');
  const secret = fromFragment || fromStripe;
  const key = new URLSearchParams(location.search).get('key');
  history.replaceState(null, '', location.pathname);

  if (!secret) return say('This link is incomplete. Open the payment from your booking again.');
  if (!window.Stripe) return say('The payment form could not be loaded. Check your connection and try again.');
  const stripe = window.Stripe(document.querySelector('meta[name=stripe-publishable-key]').content);

  // Where the customer goes on: the app asks there how the payment stands. The key opens the
  // booking without a log-in: a bank may come back in another browser.
  const booking = '/bookings/' + location.pathname.split('/').pop() + '?paid' + (key ? '&key=' + encodeURIComponent(key) : '');
  const leave = (text) => { say(text); location.replace(booking); };

  const outcomes = {
    requires_capture: 'Thank you. Your payment is authorized and the seats are being confirmed.',
    succeeded: 'Thank you. The seats are yours.',
    processing: 'Your bank is still working on it. We will tell you.',
    canceled: 'This payment has ended. Start again from your booking.',
  };
  const { paymentIntent, error } = await stripe.retrievePaymentIntent(secret);
  if (error) return say(error.message);
  if (outcomes[paymentIntent.status]) return leave(outcomes[paymentIntent.status]);

  const elements = stripe.elements({ clientSecret: secret });
  const form = document.getElementById('form');
  const button = document.getElementById('pay');
  elements.create('payment').mount('#payment');
  form.hidden = false;
  say(paymentIntent.last_payment_error ? paymentIntent.last_payment_error.message : '');

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    say('Working…');
    const result = await stripe.confirmPayment({
      elements,
      confirmParams: { return_url: location.origin + booking },
      redirect: 'if_required',
    });
    if (result.error) {
      button.disabled = false;
      return say(result.error.message);
    }
    form.hidden = true;
    leave(outcomes[result.paymentIntent.status] || 'Your payment is on its way.');
  });
})();
