// Brings the customer back to the merchant: by the form, or by a message to the page around. After
// the merchant's timeout the customer goes back without having paid.
(function () {
  'use strict';
  const form = document.getElementById('return');
  const cancel = document.getElementById('cancel');
  const tell = (data) => parent.postMessage(data, '*');
  if (cancel) cancel.addEventListener('click', () => tell({ dismissed: true }));
  const until = Number(document.querySelector('main').dataset.until);
  if (cancel && until) setTimeout(() => cancel.click(), Math.max(0, until - Date.now()));
  if (!form) return;
  if (form.dataset.framed) tell(Object.fromEntries(new FormData(form)));
  else form.submit();
})();
