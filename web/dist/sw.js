// src/worker/sw.ts
var e = "boxoffice-d7ed73595e9d", t = /^\/(v1|docs|openapi\.json|\.well-known|healthz|readyz|sitemap\.xml|robots\.txt)(\/|$)/;
self.addEventListener("install", (t) => {
	t.waitUntil(caches.open(e).then(async (e) => {
		await e.addAll([
			.../* @__PURE__ */ "/assets/About-CEFsrKhq.css,/assets/About-WOmxyo9i.js,/assets/Account-CZDUFVr_.css,/assets/Account-DR_uQD2k.js,/assets/Booking-D3nH1iNj.css,/assets/Booking-kVZDc0Qv.js,/assets/Cancel-BDtoF-2e.css,/assets/Cancel-Cv1NppMA.js,/assets/Choice-BJ10PSkr.css,/assets/Choice-Dh3RGYAz.js,/assets/Form-B7GZQlqD.css,/assets/Form-DinQYc7B.js,/assets/Login-CcKUh4zJ.js,/assets/Login-Dg4IcK7D.css,/assets/Movie-DDMDEeqU.js,/assets/Movie-G5uxFcdw.css,/assets/Search-BtWspFau.js,/assets/Search-VcAi-SpQ.css,/assets/Show-B-us0b2c.js,/assets/Show-B5efCqol.css,/assets/Stub-BGQ7mr9P.css,/assets/Stub-iA79YCWb.js,/assets/Theater-BRsj6g9P.js,/assets/Theater-SK7duz6G.css,/assets/Ticket-DPfWNGxW.css,/assets/Ticket-DpipXdfE.js,/assets/Tickets-DadJP-FX.css,/assets/Tickets-fSnFJv1r.js,/assets/Top-B8CiQ_m4.js,/assets/Top-CXg0UPdd.css,/assets/Unknown-B1VtyMAv.css,/assets/Unknown-DqOmGPdx.js,/assets/ar-C1Z1VbMs.js,/assets/archivo-narrow-latin-wght-normal-B-Ghsc5j.woff2,/assets/client-jJ1bsya0.js,/assets/hi-DfLa2cYZ.js,/assets/i18n.svelte-D21K87b7.js,/assets/index-DlnX--6O.js,/assets/index-ZQo3abvc.css,/assets/money-CrhoeSEI.js,/assets/names-By7fdvn6.js,/assets/push.svelte-ChkKTiFt.js,/assets/shows-CQeolrVs.js,/assets/story-roPsUwXT.js".split(","),
			"/manifest.webmanifest",
			"/icon.svg"
		]), await e.put("/", await fetch(new Request("/", { cache: "reload" })));
	}));
}), self.addEventListener("activate", (t) => {
	t.waitUntil(caches.keys().then(async (t) => {
		for (let n of t) n.startsWith("boxoffice-") && n !== e && await caches.delete(n);
		await self.clients.claim();
	}));
}), self.addEventListener("message", (e) => {
	e.data === "update" && self.skipWaiting();
}), self.addEventListener("fetch", (e) => {
	let { request: i } = e, a = new URL(i.url);
	i.method !== "GET" || a.origin !== self.location.origin || t.test(a.pathname) || (i.mode === "navigate" ? e.respondWith(n(i)) : a.pathname.startsWith("/assets/") && e.respondWith(r(i)));
});
async function n(e) {
	try {
		return await fetch(e);
	} catch {
		return await caches.match("/") ?? Response.error();
	}
}
async function r(t) {
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
	e.waitUntil(i(t));
});
async function i(e) {
	if (e.origin !== self.location.origin) return;
	let t = await self.clients.matchAll({ type: "window" });
	for (let n of t) try {
		await (await n.focus()).navigate(e.href);
		return;
	} catch {}
	await self.clients.openWindow(e.href);
}
