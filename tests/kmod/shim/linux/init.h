/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_INIT_H
#define SHIM_INIT_H

#define __init

#endif
