// src/worker/sw.ts
var e = "boxoffice-076327561e5a", t = /^\/(v1|docs|openapi\.json|\.well-known|healthz|readyz|sitemap\.xml|robots\.txt)(\/|$)/;
self.addEventListener("install", (t) => {
	t.waitUntil(caches.open(e).then(async (e) => {
		await e.addAll([
			.../* @__PURE__ */ "/assets/About-CEFsrKhq.css,/assets/About-w_B13CCQ.js,/assets/Account-B-Ty8YQU.js,/assets/Account-CZDUFVr_.css,/assets/Booking-CT7Wr1kp.css,/assets/Booking-Dys7isu3.js,/assets/Cancel-BQwdSDlD.css,/assets/Cancel-CDc_gQwT.js,/assets/Choice-BE79j0uB.css,/assets/Choice-CzS_4NQa.js,/assets/Form-DCH2Imve.css,/assets/Form-EqLKLaC8.js,/assets/Login-CZ22CnMS.js,/assets/Login-Dg4IcK7D.css,/assets/Movie-Dq-rJboM.css,/assets/Movie-nAprYkux.js,/assets/Search-BKY0Kage.css,/assets/Search-BL0UyOPs.js,/assets/Show-2AtzY_Hm.js,/assets/Show-Sa4eghgq.css,/assets/Stub-BGQ7mr9P.css,/assets/Stub-ZqSlCGPv.js,/assets/Theater-DTkxC99t.js,/assets/Theater-SK7duz6G.css,/assets/Ticket-DPfWNGxW.css,/assets/Ticket-DtFuLcuR.js,/assets/Tickets-DadJP-FX.css,/assets/Tickets-DvD6ttz9.js,/assets/Top-CXg0UPdd.css,/assets/Top-hWCYrXEf.js,/assets/Unknown-B1VtyMAv.css,/assets/Unknown-BrFgCeXD.js,/assets/ar-CCLnel6d.js,/assets/archivo-narrow-latin-wght-normal-B-Ghsc5j.woff2,/assets/client-BWZYvmXL.js,/assets/hi-_p74i_lO.js,/assets/i18n.svelte-DVDzHUpV.js,/assets/index-CenxGibN.js,/assets/index-CvRhLgE8.css,/assets/index-client-DVnpj8TQ.js,/assets/money-BSAFKU_2.js,/assets/names-DZBp3URi.js,/assets/push.svelte-CMilGQ-T.js,/assets/shows-BvFpTJRL.js,/assets/story-CxAz1dPo.js".split(","),
			"/manifest.webmanifest",
			"/icon.svg"
		]);
		let t = await fetch(new Request("/", { cache: "reload" }));
		if (!t.ok) throw Error("the page answered " + t.status);
		await e.put("/", t);
	}));
}), self.addEventListener("activate", (t) => {
	t.waitUntil(caches.keys().then(async (t) => {
		for (let n of t) n.startsWith("boxoffice-") && n !== e && await caches.delete(n);
		await self.clients.claim();
	}));
}), self.addEventListener("message", (e) => {
	e.data === "update" && self.skipWaiting();
}), self.addEventListener("fetch", (e) => {
	let { request: n } = e, a = new URL(n.url);
	n.method !== "GET" || a.origin !== self.location.origin || t.test(a.pathname) || (n.mode === "navigate" ? e.respondWith(r(n)) : a.pathname.startsWith("/assets/") && e.respondWith(i(n)));
});
var n = 3e3;
async function r(e) {
	let t = await caches.match("/");
	if (!t) return fetch(e);
	let r = fetch(e).then((e) => e.status >= 502 ? t : e, () => t);
	return Promise.race([r, new Promise((e) => setTimeout(() => e(t), n))]);
}
async function i(t) {
	let n = await caches.match(t);
	if (n) return n;
	let r = await fetch(t);
	if (r.ok && r.status === 200) {
		let n = r.clone();
		caches.open(e).then((e) => e.put(t, n));
	}
	return r;
}
self.addEventListener("push", (e) => {
	let t = {};
	try {
		t = e.data?.json() ?? {};
	} catch {}
	let { title: n = "Boxoffice", body: r, navigate: i = "/tickets", lang: a, dir: o = "auto", tag: s } = t.notification ?? {}, c = {
		icon: "/icon-192.png",
		badge: "/badge-96.png",
		dir: o,
		data: { navigate: i }
	};
	r && (c.body = r), a && (c.lang = a), s && (c.tag = s), e.waitUntil(self.registration.showNotification(n, c));
}), self.addEventListener("notificationclick", (e) => {
	e.notification.close();
	let t = new URL(e.notification.data.navigate, self.location.origin);
	e.waitUntil(a(t));
});
async function a(e) {
	if (e.origin !== self.location.origin) return;
	let t = await self.clients.matchAll({ type: "window" });
	for (let n of t) if (!/^\/(shows|checkout|pay|bookings)\//.test(new URL(n.url).pathname)) try {
		await (await n.focus()).navigate(e.href);
		return;
	} catch {}
	await self.clients.openWindow(e.href);
}
