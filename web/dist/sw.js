// src/worker/sw.ts
var e = "boxoffice-1d3df4bfffbf", t = /^\/(v1|docs|openapi\.json|\.well-known|healthz|readyz|sitemap\.xml|robots\.txt)(\/|$)/;
self.addEventListener("install", (t) => {
	t.waitUntil(caches.open(e).then(async (e) => {
		await e.addAll([
			.../* @__PURE__ */ "/assets/About-CEFsrKhq.css,/assets/About-DrRUD10X.js,/assets/Account-CZDUFVr_.css,/assets/Account-CquEk2wH.js,/assets/Booking-CT7Wr1kp.css,/assets/Booking-CfY_5TQx.js,/assets/Cancel-BQwdSDlD.css,/assets/Cancel-JVirGleY.js,/assets/Choice-BE79j0uB.css,/assets/Choice-D-JjTvW8.js,/assets/Form-BE9IHbwn.js,/assets/Form-DCH2Imve.css,/assets/Login-6NwcWAWT.js,/assets/Login-Dg4IcK7D.css,/assets/Movie-Dq-rJboM.css,/assets/Movie-ibEEoDd1.js,/assets/Search-BKY0Kage.css,/assets/Search-DVeEvptW.js,/assets/Show-B7mQbIAQ.js,/assets/Show-Sa4eghgq.css,/assets/Stub-BGQ7mr9P.css,/assets/Stub-DH6zoKa0.js,/assets/Theater-DdpATqu9.js,/assets/Theater-SK7duz6G.css,/assets/Ticket-DPfWNGxW.css,/assets/Ticket-yJc9GW8R.js,/assets/Tickets-3ZG8NGIR.js,/assets/Tickets-DadJP-FX.css,/assets/Top-BiH-8LS1.js,/assets/Top-CXg0UPdd.css,/assets/Unknown-B1VtyMAv.css,/assets/Unknown-BfXcZ_PU.js,/assets/ar-SfxYQcCk.js,/assets/archivo-narrow-latin-wght-normal-B-Ghsc5j.woff2,/assets/client-BWZYvmXL.js,/assets/hi-Hx1B29aI.js,/assets/i18n.svelte-MfKh5JcE.js,/assets/index-CvRhLgE8.css,/assets/index-D2WA6eQk.js,/assets/index-client-DVnpj8TQ.js,/assets/money-xDLq3VrP.js,/assets/names-ByotMY24.js,/assets/push.svelte-CMilGQ-T.js,/assets/shows-B-5Ns3Z-.js,/assets/story-B9mkDd8-.js".split(","),
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
