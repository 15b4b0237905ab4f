/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_MM_H
#define SHIM_MM_H

extern unsigned long shim_ram_pages;
#define totalram_pages() shim_ram_pages

#endif
